// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/model/event.h"

namespace driftcage::report {

// One event in the spelling of event lines, so that it can be pasted into a
// scenario: `exec /usr/bin/gcc = ENOENT`. Bytes that are not printable UTF-8
// are escaped as \xNN.
[[nodiscard]] std::string event_line(const model::Event& event);

// One JSON object without a newline: time, pid, process, call, path, errno,
// cause. Schema: docs/trace.schema.json.
[[nodiscard]] std::string event_json(const model::Event& event,
                                     const std::string& program,
                                     std::int32_t pid);

}  // namespace driftcage::report
