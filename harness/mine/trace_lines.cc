// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/trace_lines.h"

#include <re2/re2.h>

#include <cerrno>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "harness/base/path.h"
#include "harness/match/derive.h"
#include "harness/report/event_text.h"
#include "harness/report/shorten.h"
#include "harness/run/trace_file.h"

namespace driftcage::mine {
namespace {

using model::Verb;

// Places that mean the same on every machine: a path below one is portable.
bool is_portable(const std::string& subject) {
  return subject.starts_with('$');
}

}  // namespace

std::string TraceLine::text(bool with_result, bool with_program) const {
  std::string out(model::verb_name(verb));
  out += ' ';
  out += subject;
  if (with_result) out += " = " + result;
  if (with_program && !program.empty()) out += " by " + program;
  return out;
}

std::string stable_subject(const std::string& subject) {
  struct Rule {
    RE2 pattern;
    const char* put;
  };
  static const Rule kRules[] = {
      // The build cache, with or without its two-digit folders.
      {RE2("(\\$GOCACHE)/[0-9a-f]{2}/[0-9a-f]{16,}(-[ad])?"), "\\1/{hash}"},
      {RE2("(\\$GOCACHE)/[0-9a-f]{2}(/|$)"), "\\1/{hash}\\2"},
      {RE2("go-build[0-9]+"), "go-build{n}"},
      {RE2("(/proc)/[0-9]+"), "\\1/{n}"},
      // The compiler driver's temporary files.
      {RE2("/cc[A-Za-z0-9]{6}(\\.[a-z]+)?$"), "/cc??????\\1"},
      {RE2("[0-9]{6,}"), "{n}"},
  };
  std::string out = subject;
  for (const Rule& rule : kRules)
    RE2::GlobalReplace(&out, rule.pattern, rule.put);
  return out;
}

struct TraceLineCollector::State {
  explicit State(const match::Variables& variables)
      : shortener(variables),
        deriver([this](const model::Event& event) { note(event); }) {}

  void note(const model::Event& event) {
    if (event.verb == Verb::Lookup) note_probes(event);
    TraceLine line;
    line.verb = event.verb;
    line.err = event.err;
    line.program = table.program(event.process);
    // "verb subject = result": the spelling that scenarios are pasted from.
    const std::string text = report::event_line(event, shortener);
    const std::size_t subject = text.find(' ') + 1;
    const std::size_t equals = text.rfind(" = ");
    line.subject = stable_subject(text.substr(subject, equals - subject));
    line.result = text.substr(equals + 3);
    // Where a distribution puts a program, or a build its result, is not what
    // an exec is about.
    if (line.verb == Verb::Exec && line.ok()) {
      static const RE2 kBuilt("^.*/go-build\\{n\\}/");
      if (!is_portable(line.subject)) {
        line.subject = base::path::base_name(line.subject);
      } else {
        RE2::Replace(&line.subject, kBuilt, "**/");
      }
    }
    ++events;
    const auto [at, fresh] =
        index.try_emplace(line.text(true, true), lines.size());
    if (fresh) {
      line.place = static_cast<double>(events);
      lines.push_back(std::move(line));
    }
    ++lines[at->second].count;
  }

  void note_probes(const model::Event& lookup) {
    for (const std::string& folder : base::path::split_list(lookup.cause_at)) {
      const std::string path = base::path::absolute(folder, lookup.path);
      if (path == lookup.abs) continue;
      probes.insert(stable_subject(shortener.text(path)));
    }
  }

  std::unordered_set<std::string> probes;  // subjects
  report::Shortener shortener;
  match::ProcessTable table;
  match::Deriver deriver;
  std::vector<TraceLine> lines;
  std::unordered_map<std::string, std::size_t> index;
  std::uint64_t events = 0;
};

TraceLineCollector::TraceLineCollector(const match::Variables& variables)
    : state_(std::make_unique<State>(variables)) {}
TraceLineCollector::~TraceLineCollector() = default;

void TraceLineCollector::add(const wire::Record& record) {
  state_->deriver.add(record);
  if (const auto* event = std::get_if<model::Event>(&record)) {
    state_->note(*event);
  }
  state_->table.add(record);
}

std::vector<TraceLine> TraceLineCollector::take() {
  state_->deriver.finish();
  for (TraceLine& line : state_->lines) {
    line.place /= static_cast<double>(state_->events);
    line.probe = line.err == ENOENT && state_->probes.contains(line.subject) &&
                 (line.verb == Verb::Stat || line.verb == Verb::Exec);
  }
  return std::move(state_->lines);
}

base::Result<std::vector<TraceLine>> read_trace_lines(
    const std::string& file, const match::Variables& variables) {
  TraceLineCollector collector(variables);
  bool whole = false;
  DRIFTCAGE_CHECK_OK(run::read_trace(file, [&](const wire::Record& record) {
    whole = std::holds_alternative<wire::End>(record);
    collector.add(record);
    return true;
  }));
  // What is missing at its end would be taken for what did not happen.
  if (!whole) return base::fail(run::kReadTrace, file, 0, "it is cut off");
  return collector.take();
}

}  // namespace driftcage::mine
