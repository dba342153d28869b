// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "harness/model/event.h"
#include "harness/model/source.h"

namespace driftcage::model {

// The `= result` part of an event line.
struct ResultPattern {
  enum class Kind : std::uint8_t {
    Any,  // no result given
    Ok,
    Fail,  // any errno
    None,  // a lookup or load that found nothing
    Errno,
    Cause,
  };
  Kind kind = Kind::Any;
  int err = 0;                // Kind::Errno
  Cause cause = Cause::None;  // Kind::Cause
  bool operator==(const ResultPattern&) const = default;
};

// The `xN`, `x>=N`, `x<=N`, `xN..M` part; at least one when absent.
struct CountRange {
  std::uint64_t min = 1;
  std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  [[nodiscard]] bool contains(std::uint64_t n) const {
    return min <= n && n <= max;
  }
  bool operator==(const CountRange&) const = default;
};

// One line of `see`, `never` or `keep`: verb subject [= result] [by exe] [xN].
struct EventLine {
  std::optional<Verb> verb;  // empty for `any`
  std::string subject;       // path glob with $VARIABLES, {hash}, {n}
  ResultPattern result;
  std::string by;  // glob over the program's base name or path; empty: any
  CountRange count;
  std::optional<Syscall> syscall;  // long form only
  std::string say;                 // long form: what the line means
  std::string hint;
  std::string id;
  std::string text;  // as written, for messages
  SourceRange at;
};

}  // namespace driftcage::model
