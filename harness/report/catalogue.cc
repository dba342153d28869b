// SPDX-License-Identifier: Apache-2.0
#include "harness/report/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "harness/report/escape.h"
#include "harness/report/shorten.h"
#include "harness/run/record_reader.h"

namespace driftcage::report {
namespace {

using Json = nlohmann::json;
using scenario::Scenario;

std::string area_of(const std::string& id) {
  return id.substr(0, id.find('/'));
}

std::string name_of(const std::string& id) {
  const auto slash = id.find('/');
  return slash == std::string::npos ? id : id.substr(slash + 1);
}

// Text in a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

// Code in a cell: no backquote can be inside, and a bar must be escaped.
std::string code(std::string text) {
  std::replace(text.begin(), text.end(), '`', '\'');
  return "`" + cell(printable_text(text)) + "`";
}

std::string version_of(const Json& image) {
  const Json go = image.value("tools", Json::object()).value("go", Json{});
  return go.is_object() ? go.value("version", "") : "";
}

std::string column_of(const Json& image) {
  const std::string reference = image.value("reference", "");
  const std::string version = version_of(image);
  const std::string go = version.empty() ? "no Go" : "Go " + version;
  return reference == "host" ? go : reference + ": " + go;
}

std::string sign(const std::string& verdict) {
  if (verdict == "skip") return "–";
  return verdict == "pass" ? "pass" : "**" + verdict + "**";
}

// "open $WORK/x = ENOENT by go", of the first event of a line in a leg.
std::string spelled(const Json& line, const Shortener& shortener) {
  const Json& seen = line.at("first");
  if (seen.empty()) return "–";
  const Json& event = seen.front();
  std::string path = event.value("abs", "");
  if (path.empty()) path = event.value("path", "");
  const std::string verb = event.value("verb", "");
  if (verb == "lookup" || verb == "load") path = event.value("path", "");
  const std::string err = event.value("errno", "");
  std::string text = fmt::format("{} {} = {}", verb, shortener.text(path),
                                 err.empty() ? "ok" : err);
  if (const std::string by = event.value("program", ""); !by.empty()) {
    text += " by " + by;
  }
  return code(std::move(text));
}

std::string trace_table(const Json& result) {
  match::Variables variables;
  for (const auto& [name, value] : result.at("variables").items()) {
    variables[name] = value.get<std::string>();
  }
  const Shortener shortener(variables);
  const Json* control = nullptr;
  const Json* fault = nullptr;
  for (const Json& leg : result.at("legs")) {
    if (leg.at("name") == "control") control = &leg;
    if (leg.at("name") == "fault") fault = &leg;
  }
  if (fault == nullptr) return {};
  std::string text =
      "| line | | without the fault | with the fault |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < fault->at("lines").size(); ++i) {
    const Json& line = fault->at("lines")[i];
    text += fmt::format(
        "| {} | {} | {} | {} |\n", code(line.at("line")),
        line.at("kind").get<std::string>(),
        control == nullptr ? "" : spelled(control->at("lines")[i], shortener),
        spelled(line, shortener));
  }
  return text;
}

const CaseResult* case_of(const CatalogueRun& run, const std::string& id) {
  const auto found = run.cases.find(id);
  return found == run.cases.end() ? nullptr : &found->second;
}

std::vector<std::string> symptoms(const Scenario& scenario) {
  std::vector<std::string> list;
  for (const scenario::OutputPattern& pattern : scenario.expect.leg.output) {
    if (pattern.stream == scenario::OutputPattern::Stream::Stderr) {
      list.push_back(pattern.text);
    }
  }
  list.insert(list.end(), scenario.symptoms.begin(), scenario.symptoms.end());
  return list;
}

void add_fixes(const Scenario& scenario, bool wrong, std::string* text) {
  bool first = true;
  for (const scenario::Fix& fix : scenario.fixes) {
    if (fix.wrong != wrong) continue;
    if (first) {
      *text += wrong ? "\n## What does not help\n\n" : "\n## What helps\n\n";
    }
    first = false;
    *text += fmt::format("- {}\n", fix.say.empty() ? fix.id : fix.say);
  }
}

}  // namespace

std::string case_file(const std::string& id) {
  std::string name = id + ".md";
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

base::Result<std::vector<CatalogueRun>> read_catalogue_runs(
    const std::string& record_folder) {
  const std::string text =
      DRIFTCAGE_TRY(base::sys::read_file(record_folder + "/run.json"));
  const Json run = Json::parse(text, nullptr, false);
  if (!run.is_object() || run.value("tool", "") != "driftcage") {
    return base::fail(run::kReadRecord, record_folder, 0,
                      "its run.json is damaged, or not of driftcage");
  }
  std::vector<CatalogueRun> runs;
  std::map<std::string, std::size_t> places;  // by image reference
  for (const Json& image : run.value("images", Json::array())) {
    places[image.value("reference", "")] = runs.size();
    runs.push_back({column_of(image), {}});
  }
  std::istringstream lines(
      DRIFTCAGE_TRY(base::sys::read_file(record_folder + "/results.jsonl")));
  for (std::string line; std::getline(lines, line);) {
    const Json result = Json::parse(line, nullptr, false);
    if (!result.is_object()) continue;
    const auto place = places.find(result.value("image", ""));
    if (place == places.end()) continue;
    runs[place->second].cases[result.value("id", "")] = {
        result.value("verdict", ""), result.value("reason", ""),
        record_folder + "/" + result.value("folder", "")};
  }
  return runs;
}

void add_run(CatalogueRun run, std::vector<CatalogueRun>* runs) {
  for (CatalogueRun& known : *runs) {
    if (known.column != run.column) continue;
    for (auto& [id, result] : run.cases) known.cases[id] = std::move(result);
    return;
  }
  runs->push_back(std::move(run));
}

std::string catalogue_text(const std::vector<Scenario>& scenarios,
                           const std::vector<CatalogueRun>& runs,
                           const std::string& pages) {
  std::string head = "| case | what goes wrong |";
  std::string rule = "|---|---|";
  for (const CatalogueRun& run : runs) {
    head += fmt::format(" {} |", cell(run.column));
    rule += "---|";
  }
  std::string text;
  std::string area;
  std::map<std::string, std::set<std::string>> skips;  // reason -> ids
  for (const Scenario& scenario : scenarios) {
    if (area_of(scenario.id) != area) {
      area = area_of(scenario.id);
      text += fmt::format("\n## {}\n\n{}\n{}\n", area, head, rule);
    }
    const std::string name = name_of(scenario.id);
    text += pages.empty()
                ? fmt::format("| `{}` | {} |", name, cell(scenario.title))
                : fmt::format("| [`{}`]({}/{}) | {} |", name, pages,
                              case_file(scenario.id), cell(scenario.title));
    for (const CatalogueRun& run : runs) {
      const CaseResult* result = case_of(run, scenario.id);
      text +=
          fmt::format(" {} |", result == nullptr ? "" : sign(result->verdict));
      if (result != nullptr && result->verdict == "skip") {
        skips[result->reason].insert(scenario.id);
      }
    }
    text += '\n';
  }
  if (skips.empty()) return text;
  text += "\n## Skipped\n\n| reason | cases |\n|---|---|\n";
  for (const auto& [reason, ids] : skips) {
    text += fmt::format("| {} | {} |\n", cell(reason), fmt::join(ids, ", "));
  }
  return text;
}

std::string case_text(const Scenario& scenario,
                      const std::vector<CatalogueRun>& runs) {
  std::string text =
      fmt::format("# {}\n\n`driftcage run {}`\n", scenario.title, scenario.id);
  if (const auto list = symptoms(scenario); !list.empty()) {
    text += "\n## Symptom\n\n```\n";
    for (const std::string& symptom : list) text += symptom + "\n";
    text += "```\n";
  }
  if (!scenario.about.empty()) {
    text += "\n## What happens\n\n" + scenario.about;
    if (!text.ends_with('\n')) text += '\n';
  }
  for (const CatalogueRun& run : runs) {
    const CaseResult* result = case_of(run, scenario.id);
    if (result == nullptr || result->verdict != "pass") continue;
    const auto stored = base::sys::read_file(result->folder + "/result.json");
    if (!stored) continue;
    const Json json = Json::parse(*stored, nullptr, false);
    if (!json.is_object()) continue;
    text += fmt::format("\n## In the trace ({})\n\n", run.column) +
            trace_table(json);
    break;
  }
  add_fixes(scenario, false, &text);
  add_fixes(scenario, true, &text);
  if (!scenario.refs.empty()) {
    text +=
        fmt::format("\n## Reported\n\n{}\n", fmt::join(scenario.refs, ", "));
  }
  return text;
}

std::string symptom_index(const std::vector<Scenario>& scenarios) {
  std::map<std::string, std::set<std::string>> index;
  for (const Scenario& scenario : scenarios) {
    auto list = symptoms(scenario);
    if (list.empty()) list.push_back("(no message) " + scenario.title);
    for (const std::string& symptom : list) index[symptom].insert(scenario.id);
  }
  std::string text = "| message | case |\n|---|---|\n";
  for (const auto& [symptom, ids] : index) {
    std::string links;
    for (const std::string& id : ids) {
      links += fmt::format("{}[{}]({})", links.empty() ? "" : ", ", id,
                           case_file(id));
    }
    text += fmt::format("| {} | {} |\n", code(symptom), links);
  }
  return text;
}

}  // namespace driftcage::report
