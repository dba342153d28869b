// SPDX-License-Identifier: Apache-2.0
#include "harness/report/touched.h"

#include <re2/re2.h>

#include <array>
#include <utility>
#include <variant>

#include "harness/match/derive.h"
#include "harness/report/event_text.h"
#include "harness/report/shorten.h"
#include "harness/run/trace_file.h"

namespace driftcage::report {
namespace {

struct Rule {
  RE2 pattern;
  const char* replacement;
};

const std::array<Rule, 12>& rules() {
  static const std::array<Rule, 12> rules{{
      {RE2(R"((go-[a-z]+)-?[0-9]{4,})"), "\\1{n}"},
      {RE2(R"(/b[0-9]{3,}\b)"), "/b{n}"},
      {RE2(R"(/cc[A-Za-z0-9]{6}\b)"), "/cc{n}"},
      {RE2(R"(/proc/[0-9]+)"), "/proc/{n}"},
      {RE2(R"(\b[0-9a-f]{32,}\b)"), "{hash}"},
      {RE2(R"((\$GOCACHE)/[0-9a-f]{2}\b)"), "\\1/{hash}"},
      // Objects of git, by two digits of their names.
      {RE2(R"(/objects/[0-9a-f]{2}\b)"), "/objects/{hash}"},
      {RE2(R"(/tmp_obj_[A-Za-z0-9]{6}\b)"), "/tmp_obj_{n}"},
      {RE2(R"((/vcs/\{hash\})/t[A-Za-z0-9]{6}\b)"), "\\1/t{n}"},
      // Its counters, a file for each week.
      {RE2(R"(-[0-9]{4}-[0-9]{2}-[0-9]{2}(\.v[0-9]+\.count)\b)"), "-{day}\\1"},
      // What the go command downloads, before it has its name.
      {RE2(R"((\.(?:info|mod|zip|ziphash))[0-9]+\.tmp\b)"), "\\1{n}.tmp"},
      // Names as Go's os.CreateTemp makes them.
      {RE2(R"(((?:\$TMP|/tmp)/[^ ]*?)[0-9]{6,})"), "\\1{n}"},
  }};
  return rules;
}

bool is_compared(model::Verb verb) {
  return verb == model::Verb::Exec || verb == model::Verb::Open ||
         verb == model::Verb::Lookup || verb == model::Verb::Load;
}

}  // namespace

std::string steady_line(std::string line) {
  for (const Rule& rule : rules())
    RE2::GlobalReplace(&line, rule.pattern, rule.replacement);
  return line;
}

base::Result<std::set<std::string>> touched(const std::string& file,
                                            const match::Variables& variables) {
  const Shortener shortener(variables);
  std::set<std::string> lines;
  const auto add = [&](const model::Event& event) {
    if (is_compared(event.verb))
      lines.insert(steady_line(event_line(event, shortener)));
  };
  match::Deriver deriver(add);
  DRIFTCAGE_CHECK_OK(run::read_trace(file, [&](const wire::Record& record) {
    if (const auto* event = std::get_if<model::Event>(&record)) add(*event);
    deriver.add(record);
    return true;
  }));
  deriver.finish();
  return lines;
}

}  // namespace driftcage::report
