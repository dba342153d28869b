// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/match/derive.h"
#include "harness/match/glob.h"
#include "harness/model/event_line.h"

namespace driftcage::match {

// lookup and load: made of other events.
[[nodiscard]] constexpr bool is_derived(model::Verb verb) {
  return verb == model::Verb::Lookup || verb == model::Verb::Load;
}

// Whether one event is what an event line describes, its count aside. The rules
// stand at LineMatcher.
class LineTest {
 public:
  // Fails as LineMatcher::make does.
  static base::Result<LineTest> make(const model::EventLine& line,
                                     const Variables& variables);

  [[nodiscard]] const model::EventLine& line() const { return line_; }
  [[nodiscard]] const Glob& subject() const { return subject_; }
  // The parts, the cheap ones first.
  [[nodiscard]] bool fits_verb(const model::Event& event) const;
  [[nodiscard]] bool fits_result(const model::Event& event) const;
  [[nodiscard]] bool fits_subject(const model::Event& event) const;
  // The table must not know of the event yet.
  [[nodiscard]] bool fits_by(const ProcessTable& table,
                             std::uint32_t process) const;
  // All of them.
  [[nodiscard]] bool fits(const model::Event& event,
                          const ProcessTable& table) const {
    return fits_verb(event) && fits_result(event) && fits_subject(event) &&
           fits_by(table, event.process);
  }

 private:
  LineTest(model::EventLine line, Glob subject, std::optional<Glob> by);

  model::EventLine line_;
  Glob subject_;
  std::optional<Glob> by_;
};

// The verbs that must be traced for these lines to be decided, as bits of
// TraceSpec::verbs.
[[nodiscard]] std::uint32_t verbs_of(
    const std::vector<model::EventLine>& lines);

// TraceSpec::gated and TraceSpec::names.
struct GatedCalls {
  std::uint32_t verbs = 0;
  std::vector<std::string> names;
  bool operator==(const GatedCalls&) const = default;
};

// Which calls need not be recorded: every call of these verbs that could matter
// to one of the lines has a last component that matches one of the names, so no
// verdict changes. None where a line is about a lookup, which any call may end.
// Opens are among them only where no line is about a load, and all about opens
// are about failed ones: what one that succeeded really opened may have any
// name.
[[nodiscard]] GatedCalls gated_calls(
    const std::vector<model::EventLine>& lines);

}  // namespace driftcage::match
