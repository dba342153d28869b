// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/scenario/shape.h"

// The small languages inside texts: durations, sizes, modes and others.
namespace driftcage::scenario {

extern const TextFormat kPlainText;  // anything but NUL bytes
extern const TextFormat kSentence;   // not empty
extern const TextFormat kBase64;
extern const TextFormat kBytesText;    // a file's text: anything
extern const TextFormat kScenarioId;   // "go/path-missing-gcc"
extern const TextFormat kId;           // "no-cc"
extern const TextFormat kTag;          // "go", "level:2"
extern const TextFormat kEnvName;      // no "=", not empty
extern const TextFormat kEnvValue;     // with variables
extern const TextFormat kPath;         // with variables, not empty
extern const TextFormat kSearchPath;   // PATH: with variables, may be empty
extern const TextFormat kProgramGlob;  // fnmatch(3), no slash
extern const TextFormat kProgramName;
extern const TextFormat kDeviceName;  // below /dev
extern const TextFormat kDuration;
extern const TextFormat kTimeShift;
extern const TextFormat kSize;
extern const TextFormat kMode;
extern const TextFormat kUser;
extern const TextFormat kVersionWant;
extern const TextFormat kSignal;
extern const TextFormat kErrno;
extern const TextFormat kSyscallName;
extern const TextFormat kSubstring;  // not empty
extern const TextFormat kRegex;      // RE2
extern const TextFormat kEventLine;
extern const TextFormat kEventResult;
extern const TextFormat kEventGlob;
extern const TextFormat kEventCount;
extern const TextFormat kCondition;   // "${a} == ${b}"
extern const TextFormat kMatrixName;  // no known variable
extern const TextFormat kImageGlob;   // fnmatch(3)

// Values of texts that passed their check; nothing for others.
[[nodiscard]] std::optional<std::uint64_t> duration_ms(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> shift_seconds(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> size_bytes(std::string_view text);
[[nodiscard]] std::optional<std::uint32_t> octal(std::string_view text);
[[nodiscard]] std::optional<std::string> base64_bytes(std::string_view text);
// The names of (?P<name>...) groups; none of a regex that does not compile.
[[nodiscard]] std::vector<std::string> named_groups(const std::string& regex);
[[nodiscard]] std::optional<Condition> condition(std::string_view text);

}  // namespace driftcage::scenario
