// SPDX-License-Identifier: Apache-2.0
#include "harness/match/line_test.h"

#include <functional>
#include <string_view>
#include <utility>

#include "harness/base/path.h"

namespace driftcage::match {

LineTest::LineTest(model::EventLine line, Glob subject, std::optional<Glob> by)
    : line_(std::move(line)),
      subject_(std::move(subject)),
      by_(std::move(by)) {}

base::Result<LineTest> LineTest::make(const model::EventLine& line,
                                      const Variables& variables) {
  Glob subject = DRIFTCAGE_TRY(Glob::compile(line.subject, variables));
  std::optional<Glob> by;
  if (!line.by.empty()) by = DRIFTCAGE_TRY(Glob::compile(line.by, variables));
  return LineTest(line, std::move(subject), std::move(by));
}

bool LineTest::fits_verb(const model::Event& event) const {
  if (line_.verb ? *line_.verb != event.verb : is_derived(event.verb))
    return false;
  return !line_.syscall || *line_.syscall == event.syscall;
}

bool LineTest::fits_result(const model::Event& event) const {
  using Kind = model::ResultPattern::Kind;
  switch (line_.result.kind) {
    case Kind::Any:
      return true;
    case Kind::Ok:
      return event.ok();
    case Kind::Fail:
      return !event.ok();
    case Kind::None:
      return is_derived(event.verb) && !event.ok();
    case Kind::Errno:
      return event.err == line_.result.err;
    case Kind::Cause:
      return event.cause == line_.result.cause;
  }
  return false;
}

bool LineTest::fits_subject(const model::Event& event) const {
  if (is_derived(event.verb)) return subject_.matches(event.path);
  const std::string& path = event.abs.empty() ? event.path : event.abs;
  if (subject_.is_name()) {
    return subject_.matches(base::path::base_name(path)) ||
           (!event.real.empty() &&
            subject_.matches(base::path::base_name(event.real)));
  }
  if (!subject_.is_anchored()) return subject_.matches(event.path);
  return subject_.matches(path) ||
         (!event.real.empty() && subject_.matches(event.real));
}

bool LineTest::fits_by(const ProcessTable& table, std::uint32_t process) const {
  if (!by_) return true;
  const std::string& path = table.path(process);
  const std::string& exe = table.exe(process);
  if (!by_->is_name()) return by_->matches(path) || by_->matches(exe);
  return by_->matches(table.program(process)) ||
         by_->matches(base::path::base_name(exe));
}

namespace {

// The lines themselves, and those that sequences are made of.
std::vector<std::reference_wrapper<const model::EventLine>> parts_of(
    const std::vector<model::EventLine>& lines) {
  std::vector<std::reference_wrapper<const model::EventLine>> parts;
  for (const model::EventLine& line : lines) {
    line.each(
        [&parts](const model::EventLine& part) { parts.emplace_back(part); });
  }
  return parts;
}

}  // namespace

std::uint32_t verbs_of(const std::vector<model::EventLine>& lines) {
  std::uint32_t verbs = 0;
  for (const model::EventLine& line : parts_of(lines)) {
    if (line.verb) {
      verbs |= 1u << static_cast<unsigned>(*line.verb);
    } else {
      for (auto verb = model::Verb::Exec; verb != model::Verb::Lookup;
           verb = static_cast<model::Verb>(static_cast<unsigned>(verb) + 1)) {
        verbs |= 1u << static_cast<unsigned>(verb);
      }
    }
  }
  return verbs;
}

GatedCalls gated_calls(const std::vector<model::EventLine>& lines) {
  using model::Verb;
  using Kind = model::ResultPattern::Kind;
  GatedCalls gated;
  const auto bit = [](Verb verb) { return 1u << static_cast<unsigned>(verb); };
  gated.verbs = bit(Verb::Stat) | bit(Verb::Readlink) | bit(Verb::Open);
  for (const model::EventLine& line : parts_of(lines)) {
    // A search for a program ends by any other call.
    if (line.verb == Verb::Lookup) return {};
    const bool about_open = !line.verb || *line.verb == Verb::Open;
    const Kind result = line.result.kind;
    if (line.verb == Verb::Load ||
        (about_open && (result == Kind::Any || result == Kind::Ok))) {
      gated.verbs &= ~bit(Verb::Open);
    }
  }
  for (const model::EventLine& line : parts_of(lines)) {
    if (line.verb && (gated.verbs & bit(*line.verb)) == 0) continue;
    std::string name(base::path::base_name(line.subject));
    for (const std::string_view placeholder : {"{hash}", "{n}"}) {
      for (std::size_t at = name.find(placeholder); at != std::string::npos;
           at = name.find(placeholder)) {
        name.replace(at, placeholder.size(), "*");
      }
    }
    // Sets, choices, variables and escapes are not worth a second grammar; so
    // are names that stand for whole paths, and paths that end in a slash.
    const bool simple = !name.empty() &&
                        name.find_first_of("{}[]\\$") == std::string::npos &&
                        name.find("**") == std::string::npos;
    if (!simple) return {gated.verbs, {"*"}};
    gated.names.push_back(std::move(name));
  }
  return gated;
}

}  // namespace driftcage::match
