// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <algorithm>

#include "harness/base/result.h"
#include "harness/match/judge.h"

namespace driftcage::match {

using Kind = scenario::ExitPattern::Kind;

std::string exit_text(const scenario::ExitPattern& pattern) {
  switch (pattern.kind) {
    case Kind::Nonzero:
      return "a nonzero exit";
    case Kind::Any:
      return "any exit";
    case Kind::Signal:
      return base::signal_name(pattern.signal);
    case Kind::Spawn:
      return "no start (" + base::errno_name(pattern.spawn_err) + ")";
    case Kind::Codes:
      break;
  }
  std::string text = "exit ";
  for (std::size_t i = 0; i < pattern.codes.size(); ++i) {
    if (i > 0) text += i + 1 == pattern.codes.size() ? " or " : ", ";
    text += std::to_string(pattern.codes[i]);
  }
  return text;
}

std::string exit_mismatch(const scenario::ExitPattern& pattern,
                          const wire::End& end) {
  const std::string wanted = ", expected " + exit_text(pattern);
  if (end.outcome == wire::Outcome::SpawnFailed) {
    if (pattern.kind == Kind::Spawn && pattern.spawn_err == end.error.err) {
      return {};
    }
    return "the command could not be started: " + end.error.message() + wanted;
  }
  bool fits = false;
  const auto code = end.status.exit_code();
  switch (pattern.kind) {
    case Kind::Any:
      fits = true;
      break;
    case Kind::Nonzero:
      fits = !end.status.success();
      break;
    case Kind::Signal:
      fits = end.status.signal() == pattern.signal;
      break;
    case Kind::Codes:
      fits = code && std::find(pattern.codes.begin(), pattern.codes.end(),
                               *code) != pattern.codes.end();
      break;
    case Kind::Spawn:
      break;
  }
  return fits ? std::string() : end.status.text() + wanted;
}

base::Result<bool> output_matches(const scenario::OutputPattern& pattern,
                                  const std::string& text) {
  if (!pattern.regex) return text.find(pattern.text) != std::string::npos;
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex(pattern.text, options);
  if (!regex.ok()) {
    return base::fail("regular expression", pattern.text, 0, regex.error());
  }
  return RE2::PartialMatch(text, regex);
}

}  // namespace driftcage::match
