// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace driftcage::model {

// The result of a scenario on an image.
enum class Verdict : std::uint8_t {
  Pass,
  NoRepro,     // fault on, signature not there
  FalseAlarm,  // the signature is in the control leg too
  NotFixed,    // a right fix leaves the signature
  DecoyWorks,  // a fix marked wrong helps
  Fail,        // exit, output or keep wrong
  Unresolved,  // the trace is incomplete and could hide the answer
  Error,       // the cage or an asset could not be made
  Timeout,
  Leak,  // something outlived the cage
  Skip,  // a need is not met
  Xfail,
  Xpass,
  Expired,
};
// "pass", "no-repro", ...; the spelling of reports.
[[nodiscard]] std::string_view verdict_name(Verdict verdict);
[[nodiscard]] std::optional<Verdict> verdict_from_name(std::string_view name);
// Pass, skip and xfail keep exit code 0.
[[nodiscard]] bool is_good(Verdict verdict);

// Exit codes of the command line. 128 + n: stopped by signal n.
enum ExitCode : int {
  kExitGood = 0,
  kExitBadVerdict = 1,
  kExitUsage = 2,  // usage or scenario error, nothing ran
  kExitHost = 3,   // the host or an asset cannot do it
  kExitNothingSelected = 4,
  kExitInconclusive = 5,
};

}  // namespace driftcage::model
