// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/author.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/base/path.h"
#include "harness/mine/effect_words.h"
#include "harness/report/escape.h"
#include "harness/scenario/diagnostic.h"

namespace driftcage::mine {
namespace {

using run::ScenarioResult;

// Passes on what a suite tells and keeps the results.
class Collector : public run::SuiteObserver {
 public:
  explicit Collector(AuthorObserver& outer) : outer_(outer) {}
  void preparing(const std::string& what) override { outer_.preparing(what); }
  void started(std::size_t scenarios, std::size_t jobs,
               const std::string& capped_by) override {
    outer_.started(scenarios, jobs, capped_by);
  }
  void finished(const ScenarioResult& result) override {
    outer_.finished(result);
    results.push_back(result);
  }
  void running(const std::vector<run::RunningLeg>& legs, bool asked) override {
    outer_.running(legs, asked);
  }
  void interrupted(int signal) override { outer_.interrupted(signal); }
  [[nodiscard]] std::chrono::milliseconds tick() const override {
    return outer_.tick();
  }
  [[nodiscard]] int keys() const override { return outer_.keys(); }

  std::vector<ScenarioResult> results;

 private:
  AuthorObserver& outer_;
};

class Author {
 public:
  Author(const AuthorOptions& options, AuthorObserver& observer)
      : options_(options), observer_(observer) {}

  base::Result<Authored> write(const std::string& head);

 private:
  base::Result<std::vector<ScenarioResult>> run(
      const scenario::Scenario& scenario, unsigned rounds,
      const std::string& name);
  base::Result<Evidence> observe(const scenario::Scenario& draft);
  base::Status sign(const scenario::Scenario& draft, const Evidence& evidence);
  base::Status try_fixes(const std::string& head, const Evidence& evidence,
                         const scenario::Scenario& draft);
  base::Status prove(const std::string& head);
  bool drop_what_failed(const scenario::Scenario& scenario,
                        const match::Judgement& judgement);
  base::Status without_fault(scenario::Scenario scenario);

  const AuthorOptions& options_;
  AuthorObserver& observer_;
  Authored made_;
};

base::Result<scenario::Scenario> parse_text(const std::string& text,
                                            const AuthorOptions& options) {
  auto parsed = scenario::parse(text, options.file, {{}, options.read_file});
  if (parsed) return *std::move(parsed);
  std::string all;
  for (const scenario::Diagnostic& mistake : parsed.error()) {
    all += "\n" + scenario::render(mistake, text);
  }
  return base::fail("read the scenario", options.file, 0, all);
}

base::Result<std::vector<ScenarioResult>> Author::run(
    const scenario::Scenario& scenario, unsigned rounds,
    const std::string& name) {
  run::SuiteOptions suite = options_.suite;
  suite.schedule.repeat = rounds;
  if (!name.empty()) suite.record_folder = options_.scratch + "/" + name;
  Collector collector(observer_);
  const auto result =
      DRIFTCAGE_TRY(run::run_suite(run::hold({scenario}), suite, collector));
  if (result.signal != 0) {
    return base::fail("run it", scenario.id, 0, "it was interrupted");
  }
  if (collector.results.empty()) {
    return base::fail("run it", scenario.id, 0, "it gave no result");
  }
  for (const ScenarioResult& one : collector.results) {
    if (one.judgement.verdict == model::Verdict::Skip ||
        one.judgement.verdict == model::Verdict::Error) {
      return base::fail("run it", one.image, 0, one.judgement.reason);
    }
  }
  if (name.empty()) made_.record = result.record_folder;
  return std::move(collector.results);
}

// Every kind of event is recorded, whatever the signature will need.
void record_all(scenario::Scenario* scenario) {
  for (const model::Verb verb :
       {model::Verb::Readlink, model::Verb::Mkdir, model::Verb::Getcwd,
        model::Verb::Write, model::Verb::Map, model::Verb::Spawn,
        // Which also has it seen whether the loader takes the files.
        model::Verb::Connect, model::Verb::Load}) {
    model::EventLine line;
    line.verb = verb;
    line.subject = "/";
    line.text = std::string(model::verb_name(verb)) + " /";
    scenario->expect.keep.push_back(line);
  }
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \n\t");
  if (end == std::string::npos) return {};
  const std::size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

base::Result<Evidence> Author::observe(const scenario::Scenario& draft) {
  observer_.step(fmt::format("running it {} times without and with the fault",
                             options_.rounds));
  scenario::Scenario watched = draft;
  record_all(&watched);
  const auto results = DRIFTCAGE_TRY(run(watched, options_.rounds, "evidence"));
  Evidence evidence = DRIFTCAGE_TRY(gather(results));
  const std::string healthy = exit_value(evidence.healthy_ends);
  if (healthy != "0") {
    const std::string said =
        report::printable(last_line(evidence.errors.healthy.front()));
    return base::fail(
        "run it without the fault", {}, 0,
        fmt::format("it must succeed there, and gave {}{}",
                    healthy.empty() ? "0 only sometimes" : healthy,
                    said.empty() ? "" : ": " + said));
  }
  return evidence;
}

std::vector<std::string> lines_of(const std::vector<Candidate>& candidates) {
  std::vector<std::string> lines;
  for (const Candidate& candidate : candidates) lines.push_back(candidate.line);
  return lines;
}

base::Status Author::sign(const scenario::Scenario& draft,
                          const Evidence& evidence) {
  constexpr std::size_t kSee = 3;
  constexpr std::size_t kNever = 2;
  made_.mined = mine(evidence.healthy, evidence.broken, evidence.clues);
  Signature& signature = made_.signature;
  signature.exit = exit_value(evidence.broken_ends);
  signature.error = telling_line(evidence.errors);
  if (signature.error.empty()) {
    signature.output = telling_line(evidence.output);
  }
  // A weak `see` line beside a strong `never` line is an accident of the way
  // that the command took.
  if (!tells(made_.mined.never) || tells(made_.mined.see)) {
    signature.see = lines_of(choose(made_.mined.see, kSee));
  }
  signature.never = lines_of(
      choose(made_.mined.never, signature.see.empty() ? kSee : kNever));
  if (signature.see.empty() && signature.never.empty()) {
    return base::fail(
        "compare the runs", draft.id, 0,
        made_.mined.unstable > 0
            ? fmt::format("{} event lines differ, but none in every run; more "
                          "runs may tell: --rounds",
                          made_.mined.unstable)
            : "no event differs: this fault shows in no traced call");
  }
  // Nothing weaker than exec: it says how far the command came.
  for (const Candidate& candidate : made_.mined.keep) {
    signature.keep.push_back(candidate.line);
    break;
  }
  if (signature.exit == "0") {
    made_.notes.emplace_back("the command succeeds with the fault, too");
  }
  return {};
}

bool works(const match::LegResult& leg) {
  return leg.end.outcome == wire::Outcome::Finished && leg.end.status.success();
}

bool none_seen(const match::LegResult& leg, std::size_t see) {
  for (std::size_t i = 0; i < std::min(see, leg.lines.size()); ++i) {
    if (leg.lines[i].holds) return false;
  }
  return leg.lines.size() >= see;
}

bool all_hold(const match::LegResult& leg) {
  return std::all_of(leg.lines.begin(), leg.lines.end(),
                     [](const auto& line) { return line.holds; });
}

bool is_unmoved(const match::LegResult& leg, const match::LegResult& fault,
                std::size_t see, std::size_t never) {
  for (std::size_t i = 0; i < std::min(see + never, leg.lines.size()); ++i) {
    if (leg.lines[i].holds != (i < see)) return false;
  }
  return leg.end.outcome == fault.end.outcome &&
         leg.end.status == fault.end.status;
}

base::Status Author::try_fixes(const std::string& head,
                               const Evidence& evidence,
                               const scenario::Scenario& draft) {
  const std::vector<FixIdea> ideas = fix_ideas(draft, evidence.clues.said);
  std::vector<Fix> all;
  for (const FixIdea& idea : ideas) all.push_back({idea, false});
  observer_.step(
      fmt::format("trying {} fix{}", all.size(), all.size() == 1 ? "" : "es"));
  const scenario::Scenario tried =
      DRIFTCAGE_TRY(parse_text(compose(head, made_.signature, all), options_));
  const auto results = DRIFTCAGE_TRY(run(tried, 1, "fixes"));
  const auto& legs = results.front().legs;
  const auto leg_named = [&](const std::string& name) {
    return std::find_if(legs.begin(), legs.end(),
                        [&](const auto& leg) { return leg.name == name; });
  };
  const auto fault = leg_named("fault");
  constexpr std::size_t kRight = 3;
  constexpr std::size_t kDecoys = 1;
  const std::size_t see = made_.signature.see.size();
  const std::size_t never = made_.signature.never.size();
  std::vector<Fix> right;
  std::vector<Fix> decoys;
  std::set<std::string> too_narrow;
  for (const FixIdea& idea : ideas) {
    const auto leg = leg_named("fix:" + idea.id);
    if (leg == legs.end() || fault == legs.end()) continue;
    // Without a `see` line only going back is left to judge by.
    const bool gone = see > 0 ? none_seen(*leg, see) : all_hold(*leg);
    if (works(*leg) && gone) {
      if (right.size() >= kRight) continue;
      right.push_back({idea, false});
      // It helps in another way than by going back: lines that ask for the
      // way back are not about the fault.
      for (std::size_t i = see; i < leg->lines.size(); ++i) {
        if (leg->lines[i].holds) continue;
        too_narrow.insert(i < see + never
                              ? made_.signature.never[i - see]
                              : made_.signature.keep[i - see - never]);
      }
    } else if (idea.tempting && is_unmoved(*leg, *fault, see, never)) {
      if (decoys.size() < kDecoys) decoys.push_back({idea, true});
    } else {
      made_.notes.push_back(fmt::format(
          "the fix {} is left out: it changes the failure, but {}", idea.id,
          works(*leg) ? "part of the signature stays" : "does not mend it"));
    }
  }
  for (auto* lines : {&made_.signature.never, &made_.signature.keep}) {
    std::vector<std::string> left;
    for (const std::string& line : *lines) {
      if (!too_narrow.contains(line)) left.push_back(line);
    }
    *lines = std::move(left);
  }
  made_.fixes = std::move(right);
  made_.fixes.insert(made_.fixes.end(), decoys.begin(), decoys.end());
  return {};
}

// Takes out of the signature and the fixes what the findings speak of. False
// when nothing of it can be taken out.
bool Author::drop_what_failed(const scenario::Scenario& scenario,
                              const match::Judgement& judgement) {
  bool dropped = false;
  for (const match::Finding& finding : judgement.findings) {
    for (const auto& [lines, texts] :
         {std::pair{&scenario.expect.see, &made_.signature.see},
          std::pair{&scenario.expect.never, &made_.signature.never},
          std::pair{&scenario.expect.keep, &made_.signature.keep}}) {
      for (const model::EventLine& line : *lines) {
        if (line.at.line != finding.at.line ||
            line.at.column != finding.at.column) {
          continue;
        }
        if (std::erase(*texts, line.text) > 0) {
          dropped = true;
          made_.notes.push_back(fmt::format(
              "left out, it does not hold every time: {}", line.text));
        }
      }
    }
    for (const scenario::OutputPattern& said : scenario.expect.leg.output) {
      if (said.at.line != finding.at.line ||
          said.at.column != finding.at.column) {
        continue;
      }
      (said.stream == scenario::OutputPattern::Stream::Stdout
           ? made_.signature.output
           : made_.signature.error)
          .clear();
      dropped = true;
      made_.notes.push_back(
          fmt::format("left out, it is not said every time: {}", said.text));
    }
    if (dropped || !finding.leg.starts_with("fix:")) continue;
    const auto count = std::erase_if(made_.fixes, [&](const Fix& fix) {
      return "fix:" + fix.idea.id == finding.leg;
    });
    dropped = dropped || count > 0;
  }
  return dropped;
}

base::Status Author::prove(const std::string& head) {
  constexpr int kTries = 4;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    observer_.step("running the scenario as it will be written");
    made_.text = compose(head, made_.signature, made_.fixes);
    const scenario::Scenario scenario =
        DRIFTCAGE_TRY(parse_text(made_.text, options_));
    const auto results = DRIFTCAGE_TRY(run(scenario, 1, {}));
    const match::Judgement& judgement = results.front().judgement;
    if (judgement.verdict == model::Verdict::Pass) {
      return without_fault(scenario);
    }
    if (!drop_what_failed(scenario, judgement) ||
        (made_.signature.see.empty() && made_.signature.never.empty())) {
      return base::fail(
          "run the scenario that was found", scenario.id, 0,
          fmt::format("{}: {}", model::verdict_name(judgement.verdict),
                      judgement.reason));
    }
  }
  return base::fail("find a signature that holds every time", {}, 0,
                    "more runs may tell which lines do: --rounds");
}

// The mutation: a signature that passes without its fault says nothing.
base::Status Author::without_fault(scenario::Scenario scenario) {
  observer_.step("running it without the fault, which must be red");
  for (scenario::Fault& fault : scenario.faults) fault.effects = {};
  scenario.fixes.clear();
  const auto results = DRIFTCAGE_TRY(run(scenario, 1, "mutation"));
  const model::Verdict verdict = results.front().judgement.verdict;
  made_.without_fault = model::verdict_name(verdict);
  if (model::is_good(verdict)) {
    return base::fail("run it without the fault", scenario.id, 0,
                      "it still passes: the signature is not of this fault");
  }
  return {};
}

base::Result<Authored> Author::write(const std::string& head) {
  const scenario::Scenario draft = DRIFTCAGE_TRY(parse_head(head, options_));
  const Evidence evidence = DRIFTCAGE_TRY(observe(draft));
  DRIFTCAGE_CHECK_OK(sign(draft, evidence));
  DRIFTCAGE_CHECK_OK(try_fixes(head, evidence, draft));
  DRIFTCAGE_CHECK_OK(prove(head));
  return std::move(made_);
}

}  // namespace

base::Result<scenario::Scenario> parse_head(const std::string& head,
                                            const AuthorOptions& options) {
  // The least that the format accepts as an expectation.
  return parse_text(head + "\n[expect]\nexit = \"nonzero\"\n", options);
}

base::Result<Authored> author(const std::string& head,
                              const AuthorOptions& options,
                              AuthorObserver& observer) {
  return Author(options, observer).write(head);
}

}  // namespace driftcage::mine
