// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

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
// A sequence is a line, too: it has `steps` and no verb or subject of its own,
// and its count is how often it was run through.
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
  std::string capture;  // long form: the name of what the subject matched
  std::string text;     // as written, for messages
  SourceRange at;
  std::vector<EventLine> steps;      // in this order inside one process tree
  std::vector<EventLine> gap_never;  // must not come between them

  [[nodiscard]] bool is_sequence() const { return !steps.empty(); }
  // Itself, or the lines that a sequence is made of.
  template <class Visit>
  void each(Visit visit) const {
    if (!is_sequence()) return visit(*this);
    for (const auto* list : {&steps, &gap_never}) {
      for (const EventLine& line : *list) visit(line);
    }
  }
};

}  // namespace driftcage::model
