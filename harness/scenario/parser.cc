// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/parser.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/checker.h"
#include "harness/scenario/document.h"
#include "harness/scenario/go_mention.h"
#include "harness/scenario/include.h"
#include "harness/scenario/matrix.h"
#include "harness/scenario/reader.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/text_format.h"
#include "harness/scenario/variables.h"

// Three passes over one tree: read_document() makes it of TOML, check_shape()
// compares it with the description of the format, and the readers turn it into
// a Scenario. Mistakes of the last two come out together.
namespace driftcage::scenario {

std::string text_of(const Node& table, std::string_view key) {
  const Node* node = table.get(key, Kind::Text);
  return node == nullptr ? std::string() : node->text;
}

std::vector<std::string> texts_of(const Node& table, std::string_view key) {
  std::vector<std::string> texts;
  const Entry* entry = table.find(key);
  if (entry == nullptr) return texts;
  if (entry->value.kind == Kind::Text) texts.push_back(entry->value.text);
  for (const Node& item : entry->value.items) texts.push_back(item.text);
  return texts;
}

bool flag_of(const Node& table, std::string_view key) {
  const Node* node = table.get(key, Kind::Boolean);
  return node != nullptr && node->boolean;
}

std::vector<std::string> shell_command(const std::string& line) {
  return {"/bin/sh", "-c", line};
}

namespace {

std::vector<std::string> read_argv(const Node& list, Mistakes* mistakes) {
  std::vector<std::string> argv;
  for (const Node& item : list.items) argv.push_back(item.text);
  if (!list.items.empty() && list.items[0].kind == Kind::Text &&
      argv[0].empty()) {
    mistakes->add(list.items[0].at, "the program's name is empty");
  }
  // What follows `-c` is a program in another language, with its own dollars.
  if (argv.size() > 2 && argv[1] == "-c") return argv;
  for (const Node& item : list.items) {
    if (auto unknown = check_variables(item.text)) {
      mistakes->add_in(item.at, std::move(*unknown));
    }
  }
  return argv;
}

Needs read_needs(const Node& table) {
  Needs needs;
  if (const Node* tools = table.get("tools", Kind::Table)) {
    for (const Entry& entry : tools->entries) {
      needs.tools[entry.name] = entry.value.text;
    }
  }
  needs.features = texts_of(table, "features");
  needs.libc = text_of(table, "libc");
  needs.arch = texts_of(table, "arch");
  return needs;
}

Fault read_fault(const Node& table, Mistakes* mistakes) {
  Fault fault;
  fault.id = text_of(table, "id");
  if (fault.id.empty()) fault.id = "fault";
  fault.at = range_of(table.at, mistakes->file());
  read_effects(table, &fault.effects, mistakes);
  return fault;
}

Fix read_fix(const Node& table, Mistakes* mistakes) {
  Fix fix;
  fix.id = text_of(table, "id");
  fix.say = text_of(table, "say");
  fix.lift = texts_of(table, "lift");
  fix.run = read_run(table, mistakes);
  fix.wrong = flag_of(table, "wrong");
  fix.at = range_of(table.at, mistakes->file());
  read_effects(table, &fix.effects, mistakes);
  if (const Node* expect = table.get("expect", Kind::Table)) {
    read_leg_expect(*expect, &fix.expect, mistakes);
  }
  return fix;
}

Step read_step(const Node& table, Mistakes* mistakes) {
  Step step;
  step.name = text_of(table, "name");
  if (auto commands = read_run(table, mistakes); !commands.empty()) {
    step.run = std::move(commands.front());
  }
  if (const Node* env = table.get("env", Kind::Table)) {
    read_env(*env, &step.env);
  }
  if (table.find("legs") != nullptr) {
    step.legs.clear();
    for (const std::string& leg : texts_of(table, "legs")) {
      step.legs.push_back(leg == "control" ? Leg::Control
                          : leg == "fault" ? Leg::Fault
                                           : Leg::Fix);
    }
  }
  if (const Node* expect = table.get("expect", Kind::Table)) {
    read_leg_expect(*expect, &step.expect, mistakes);
  }
  step.at = range_of(table.at, mistakes->file());
  return step;
}

Xfail read_xfail(const Node& table, const Mistakes& mistakes) {
  Xfail xfail;
  if (const Node* when = table.get("when", Kind::Table)) {
    xfail.when = read_needs(*when);
  }
  xfail.image = text_of(table, "image");
  xfail.why = text_of(table, "why");
  if (const Node* until = table.get("until", Kind::Date)) {
    xfail.until = until->text.substr(0, 10);  // the date of a date and time
  }
  xfail.issue = text_of(table, "issue");
  xfail.strict = table.find("strict") == nullptr || flag_of(table, "strict");
  xfail.at = range_of(table.at, mistakes.file());
  return xfail;
}

Scenario read_scenario(const Node& root, Mistakes* mistakes) {
  Scenario scenario;
  scenario.id = text_of(root, "id");
  scenario.title = text_of(root, "title");
  scenario.about = text_of(root, "about");
  scenario.tags = texts_of(root, "tags");
  scenario.refs = texts_of(root, "refs");
  scenario.symptoms = texts_of(root, "symptoms");
  if (const Node* run = root.get("run", Kind::Array)) {
    scenario.run = read_argv(*run, mistakes);
  } else if (const Node* line = root.get("sh", Kind::Text)) {
    scenario.run = shell_command(line->text);
    scenario.shell = true;
  } else if (const Node* steps = root.get("step", Kind::Array)) {
    for (const Node& step : steps->items) {
      scenario.steps.push_back(read_step(step, mistakes));
    }
  }
  if (const auto timeout = duration_ms(text_of(root, "timeout"))) {
    scenario.timeout_ms = *timeout;
  }
  scenario.group = text_of(root, "group");
  scenario.exclusive = flag_of(root, "exclusive");
  if (const Node* retries = root.get("retries", Kind::Integer)) {
    scenario.retries = static_cast<unsigned>(retries->integer);
  }
  if (const Node* needs = root.get("needs", Kind::Table)) {
    scenario.needs = read_needs(*needs);
  }
  scenario.fault_leg_only =
      texts_of(root, "legs") == std::vector<std::string>{"fault"};
  read_effects(root, &scenario.baseline, mistakes);
  if (scenario.baseline.cache) {
    scenario.cache = *scenario.baseline.cache;
  } else if (!may_run_go(root)) {
    scenario.cache = CacheState::Pristine;
  }
  if (const Node* faults = root.get("fault", Kind::Array)) {
    for (const Node& fault : faults->items) {
      scenario.faults.push_back(read_fault(fault, mistakes));
    }
  }
  if (const Node* expect = root.get("expect", Kind::Table)) {
    read_expect(*expect, &scenario.expect, mistakes);
  }
  if (const Node* control = root.get("control", Kind::Table)) {
    read_leg_expect(*control, &scenario.control, mistakes);
  }
  if (const Node* fixes = root.get("fix", Kind::Array)) {
    for (const Node& fix : fixes->items) {
      scenario.fixes.push_back(read_fix(fix, mistakes));
    }
  }
  if (const Node* learn = root.get("learn", Kind::Table)) {
    read_learn(*learn, scenario.fixes, &scenario.learn.emplace(), mistakes);
  }
  if (const Node* on_fail = root.get("on_fail", Kind::Table)) {
    if (const Node* collect = on_fail->get("collect", Kind::Array)) {
      scenario.collect = read_commands(*collect, mistakes);
    }
  }
  if (const Node* xfails = root.get("xfail", Kind::Array)) {
    for (const Node& xfail : xfails->items) {
      scenario.xfails.push_back(read_xfail(xfail, *mistakes));
    }
  }
  return scenario;
}

}  // namespace

Commands read_commands(const Node& node, Mistakes* mistakes) {
  if (node.items.empty()) return {};
  const Kind kind = node.items[0].kind;
  for (const Node& item : node.items) {
    if (item.kind != kind) {
      mistakes->add(item.at, "one command and a list of commands are mixed",
                    "write [[\"a\", \"b\"], [\"c\"]] for two commands");
      return {};
    }
  }
  if (kind == Kind::Text) return {read_argv(node, mistakes)};
  Commands commands;
  for (const Node& item : node.items) {
    commands.push_back(read_argv(item, mistakes));
  }
  return commands;
}

Commands read_run(const Node& table, Mistakes* mistakes) {
  if (const Node* run = table.get("run", Kind::Array)) {
    return read_commands(*run, mistakes);
  }
  if (const Node* line = table.get("sh", Kind::Text)) {
    return {shell_command(line->text)};
  }
  return {};
}

tl::expected<std::vector<Scenario>, Diagnostics> parse_all(
    std::string_view toml, const std::string& file,
    const ParseOptions& options) {
  auto root = read_document(toml, file);
  if (!root) return tl::make_unexpected(Diagnostics{root.error()});
  Mistakes mistakes(toml, file);
  std::map<std::string, std::string> included;
  ReadFile read;
  if (options.read_file) {
    read = [&](const std::string& path) {
      auto text = options.read_file(path);
      if (text) included[path] = *text;
      return text;
    };
  }
  include_files(file, read, &*root, &mistakes);
  std::vector<MatrixCell> cells = matrix_cells(*root, &mistakes);
  if (cells.empty()) {
    cells.emplace_back();
  } else {
    // The filled files have no matrix any more.
    check_shape(*root->get("matrix", Kind::Table),
                find_key(file_shape(), "matrix")->value[0], &mistakes);
  }
  std::vector<Scenario> scenarios;
  for (const MatrixCell& cell : cells) {
    const Node filled = cell.values.empty() ? *root : fill_in(*root, cell);
    check_shape(filled, file_shape(), &mistakes);
    Scenario scenario = read_scenario(filled, &mistakes);
    check_scenario(filled, scenario, options.expected_id, &mistakes);
    if (!cell.values.empty()) scenario.id += "[" + cell.name + "]";
    scenario.file = file;
    scenario.source = std::string(toml);
    scenario.included = included;
    scenarios.push_back(std::move(scenario));
  }
  if (!mistakes.none()) return tl::make_unexpected(mistakes.take());
  return scenarios;
}

tl::expected<Scenario, Diagnostics> parse(std::string_view toml,
                                          const std::string& file,
                                          const ParseOptions& options) {
  auto all = parse_all(toml, file, options);
  if (!all) return tl::make_unexpected(std::move(all).error());
  return std::move(all->front());
}

tl::expected<std::vector<Waiver>, Diagnostics> parse_waivers(
    std::string_view toml, const std::string& file) {
  const auto root = read_document(toml, file);
  if (!root) return tl::make_unexpected(Diagnostics{root.error()});
  Mistakes mistakes(toml, file);
  check_shape(*root, waiver_file_shape(), &mistakes);
  std::vector<Waiver> waivers;
  if (const Node* list = root->get("waiver", Kind::Array)) {
    for (const Node& item : list->items) {
      waivers.push_back({text_of(item, "id"), read_xfail(item, mistakes)});
      waivers.back().xfail.waiver = true;
    }
  }
  if (!mistakes.none()) return tl::make_unexpected(mistakes.take());
  return waivers;
}

}  // namespace driftcage::scenario
