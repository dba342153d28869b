// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/model/event.h"
#include "harness/report/shorten.h"

namespace driftcage::report {

// The version of the JSON lines; bumped when a field changes its meaning or
// goes. New fields do not bump it.
inline constexpr int kTraceVersion = 1;

// One event in the spelling of event lines, so that it can be pasted into a
// scenario: `exec /usr/bin/gcc = ENOENT`. Bytes that mean something in a glob
// are escaped with a backslash; bytes that are not printable UTF-8, and the
// backslash, as \xNN. A subject with blanks is quoted.
[[nodiscard]] std::string event_line(const model::Event& event);
// With the start of the path replaced by a variable.
[[nodiscard]] std::string event_line(const model::Event& event,
                                     const Shortener& shortener);

// Why it failed, for people: "ELF interpreter /lib64/ld.so is missing". For
// searches the directories tried, of a load each with its rule, without their
// subdirectories for processors and behind the file that was refused. Empty
// when the errno says all.
[[nodiscard]] std::string cause_text(const model::Event& event,
                                     const Shortener& shortener = {});

// One JSON object without a newline: time, pid, process, call, path, errno,
// cause, and for an exec its arguments and environment. `stage`: of the go
// command, "" for none. Schema: docs/trace.schema.json. Byte strings are
// written as by printable().
[[nodiscard]] std::string event_json(const model::Event& event,
                                     const std::string& program,
                                     std::int32_t pid,
                                     std::string_view stage = {});

// "8:1", as lsof(8) and /proc/PID/maps name a device, but in decimal.
[[nodiscard]] std::string device_text(std::uint64_t device);

}  // namespace driftcage::report
