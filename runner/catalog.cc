// SPDX-License-Identifier: Apache-2.0
#include "runner/catalog.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/parser.h"
#include "runner/process.h"

namespace driftcage::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "scenarios";
constexpr std::string_view kSuffix = ".toml";

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) && !fs::is_directory(path, ignored);
}

bool holds_files(const std::string& folder) {
  if (!is_directory(folder)) return false;
  const auto files = scan_scenarios(folder);
  // One that cannot be read is not passed over: whoever opens it says why.
  return !files || !files->empty();
}

// The nearest folder `name` with TOML files in `start` or above it; empty when
// there is none.
std::string search_upwards(const std::string& start, std::string_view name) {
  for (fs::path at = start;; at = at.parent_path()) {
    std::string candidate = (at / name).string();
    if (holds_files(candidate)) return candidate;
    if (at == at.parent_path()) return {};
  }
}

// The id that the place of `path` asks for: what follows its last component
// "scenarios", without the suffix.
std::string id_of_place(const std::string& path) {
  std::error_code code;
  const fs::path absolute = fs::absolute(path, code).lexically_normal();
  if (code || absolute.extension() != kSuffix) return {};
  fs::path id;
  bool below = false;
  for (const fs::path& part : absolute) {
    if (part == kFolder) {
      below = true;
      id.clear();
    } else if (below) {
      id /= part;
    }
  }
  return below ? id.replace_extension().string() : std::string();
}

// Shorter to read, and clickable in a terminal.
std::string relative_to_here(const std::string& path) {
  const auto here = working_directory();
  if (!here || !base::path::is_below(path, *here) || path == *here) return path;
  return path.substr(*here == "/" ? 1 : here->size() + 1);
}

// The folder that ids are counted from, and its files. Read when the first
// argument asks for it: a file can be run without any scenarios folder.
class Catalog {
 public:
  base::Result<const std::vector<ScenarioFile>*> files() {
    if (!loaded_) {
      const std::string folder = DRIFTCAGE_TRY(find_scenarios());
      files_ = DRIFTCAGE_TRY(scan_scenarios(folder));
      // A folder of any name can be the root when the variable names it.
      for (ScenarioFile& file : files_) {
        fs::path id = fs::path(file.path).lexically_relative(folder);
        file.id = id.replace_extension().string();
        file.path = relative_to_here(file.path);
      }
      loaded_ = true;
    }
    return &files_;
  }

 private:
  bool loaded_ = false;
  std::vector<ScenarioFile> files_;
};

std::vector<ScenarioFile> match_ids(const std::vector<ScenarioFile>& files,
                                    std::string pattern) {
  while (pattern.size() > 1 && pattern.ends_with('/')) pattern.pop_back();
  std::vector<ScenarioFile> matching;
  if (const auto bracket = pattern.find('['); pattern.ends_with(']')) {
    for (ScenarioFile file : files) {
      if (file.id != std::string_view(pattern).substr(0, bracket)) continue;
      file.combination = pattern;
      return {file};
    }
  }
  for (const ScenarioFile& file : files) {
    if (file.id == pattern || file.id.starts_with(pattern + "/") ||
        ::fnmatch(pattern.c_str(), file.id.c_str(), 0) == 0)
      matching.push_back(file);
  }
  return matching;
}

base::Error selects_nothing(const std::string& argument,
                            const std::vector<ScenarioFile>& known) {
  std::vector<std::string> ids;
  for (const ScenarioFile& file : known) ids.push_back(file.id);
  const std::string near = scenario::nearest(argument, ids);
  return {"no scenario is called", fmt::format("\"{}\"", argument), 0,
          near.empty() ? "driftcage list shows them all"
                       : fmt::format("did you mean \"{}\"?", near)};
}

bool names_a_path(const std::string& argument) {
  return argument.starts_with("/") || argument.starts_with("./") ||
         argument.starts_with("../") || argument == "." || argument == ".." ||
         argument.ends_with(kSuffix);
}

// Files that one argument means; empty: none.
base::Result<std::vector<ScenarioFile>> select_one(const std::string& argument,
                                                   Catalog& catalog) {
  if (!names_a_path(argument)) {
    const auto known = catalog.files();
    if (known) {
      std::vector<ScenarioFile> matching = match_ids(**known, argument);
      if (!matching.empty()) return matching;
    } else if (!fs::exists(argument)) {
      return tl::make_unexpected(known.error());
    }
  }
  if (is_directory(argument)) return scan_scenarios(argument);
  if (is_file(argument))
    return std::vector<ScenarioFile>{{argument, id_of_place(argument)}};
  return std::vector<ScenarioFile>{};
}

tl::expected<std::vector<scenario::Scenario>, scenario::Diagnostics> parse_file(
    const ScenarioFile& file, const std::string& text) {
  return scenario::parse_all(text, file.path, {file.id, read_scenario});
}

// The folder that came with the program; empty when there is none.
base::Result<std::string> find_shipped(std::string_view name) {
  const std::string program = DRIFTCAGE_TRY(executable_path());
  const std::string beside(base::path::dir_name(program));
  if (std::string found = search_upwards(beside, name); !found.empty())
    return found;
  std::string installed = base::path::clean(
      fmt::format("{}/{}/{}", beside, DRIFTCAGE_DATA_FROM_BIN, name));
  return is_directory(installed) ? installed : std::string();
}

// A folder of data: the one that `variable_name` names, else the nearest.
base::Result<std::string> find_data(std::string_view name,
                                    const char* variable_name) {
  if (const std::string given = variable(variable_name); !given.empty()) {
    if (is_directory(given)) return base::path::clean(given);
    return base::fail(fmt::format("find the {}", name), given, ENOENT,
                      fmt::format("{} names it", variable_name));
  }
  if (const auto here = working_directory()) {
    if (std::string found = search_upwards(*here, name); !found.empty())
      return found;
  }
  std::string shipped = DRIFTCAGE_TRY(find_shipped(name));
  if (!shipped.empty()) return shipped;
  return base::fail(
      fmt::format("find the folder with the {}", name), {}, 0,
      fmt::format("change into the project, or set {} to the folder",
                  variable_name));
}

}  // namespace

base::Result<std::string> find_scenarios() {
  return find_data(kFolder, "DRIFTCAGE_SCENARIOS");
}

base::Result<std::string> find_shipped_scenarios() {
  std::string shipped = DRIFTCAGE_TRY(find_shipped(kFolder));
  if (!shipped.empty()) return shipped;
  return base::fail("find the shipped scenarios", {});
}

base::Result<std::string> find_recipes() {
  return find_data("images", "DRIFTCAGE_IMAGES");
}

base::Result<std::vector<ScenarioFile>> scan_scenarios(
    const std::string& folder) {
  std::vector<ScenarioFile> files;
  std::error_code code;
  auto at = fs::recursive_directory_iterator(folder, code);
  for (; !code && at != fs::recursive_directory_iterator();
       at.increment(code)) {
    const std::string name = at->path().filename().string();
    // `_` names what others include.
    if (name.starts_with('.') || name.starts_with('_')) {
      at.disable_recursion_pending();
    } else if (at->path().extension() == kSuffix &&
               !is_directory(at->path().string())) {
      // A link to nowhere, too: its reader tells, and nothing is left out.
      const std::string path = at->path().string();
      files.push_back({path, id_of_place(path)});
    }
  }
  if (code) return base::fail("read the folder", folder, code.value());
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

base::Result<Selection> select_scenarios(
    const std::vector<std::string>& arguments) {
  Catalog catalog;
  Selection selection;
  if (arguments.empty()) {
    selection.files = *DRIFTCAGE_TRY(catalog.files());
    if (selection.files.empty())
      selection.nothing = {"the folder holds no scenario",
                           DRIFTCAGE_TRY(find_scenarios()),
                           0,
                           {}};
    return selection;
  }
  std::set<std::string> seen;
  for (const std::string& argument : arguments) {
    const auto files = DRIFTCAGE_TRY(select_one(argument, catalog));
    if (files.empty() && selection.nothing.step.empty()) {
      if (is_directory(argument))
        selection.nothing = {"the folder holds no scenario", argument, 0, {}};
      else if (names_a_path(argument))
        selection.nothing = {"open the scenario", argument, ENOENT, {}};
      else
        selection.nothing =
            selects_nothing(argument, *DRIFTCAGE_TRY(catalog.files()));
    }
    for (const ScenarioFile& file : files) {
      std::error_code code;
      const fs::path real = fs::weakly_canonical(file.path, code);
      std::string key = code ? file.path : real.string();
      if (seen.insert(key.append(1, '\0').append(file.combination)).second)
        selection.files.push_back(file);
    }
  }
  return selection;
}

Loaded load_each(
    const std::vector<ScenarioFile>& files,
    const std::function<void(scenario::Scenario, std::size_t file)>& take) {
  Loaded loaded;
  std::map<std::string, std::size_t> places;  // id -> file
  for (std::size_t at = 0; at < files.size(); ++at) {
    const ScenarioFile& file = files[at];
    const auto text = read_scenario(file.path);
    if (!text) {
      ++loaded.mistakes;
      loaded.broken.push_back(file.path);
      loaded.report +=
          fmt::format("driftcage: error: {}\n", text.error().message());
      continue;
    }
    auto parsed = parse_file(file, *text);
    if (!parsed) {
      loaded.mistakes += parsed.error().size();
      loaded.broken.push_back(file.path);
      for (const scenario::Diagnostic& mistake : parsed.error()) {
        loaded.report += scenario::render(mistake, *text);
        if (!loaded.report.ends_with('\n')) loaded.report += '\n';
      }
      continue;
    }
    bool found = file.combination.empty();
    for (scenario::Scenario& one : *parsed) {
      if (!file.combination.empty() && one.id != file.combination) continue;
      found = true;
      const auto [other, fresh] = places.emplace(one.id, at);
      if (!fresh) {
        ++loaded.mistakes;
        loaded.report +=
            fmt::format("{}: error: the id \"{}\" is taken by {}\n", file.path,
                        one.id, files[other->second].path);
        continue;
      }
      take(std::move(one), at);
    }
    if (!found) {
      ++loaded.mistakes;
      loaded.report += fmt::format(
          "{}: error: no combination is called {}; the first is {}\n",
          file.path, file.combination, parsed->front().id);
    }
  }
  return loaded;
}

Loaded load_scenarios(const std::vector<ScenarioFile>& files) {
  std::vector<scenario::Scenario> scenarios;
  Loaded loaded = load_each(files, [&](scenario::Scenario one, std::size_t) {
    scenarios.push_back(std::move(one));
  });
  loaded.scenarios = std::move(scenarios);
  return loaded;
}

base::Result<std::string> read_scenario(const std::string& path) {
  std::error_code ignored;
  const fs::path folder = fs::path(path).parent_path();
  if (fs::is_fifo(path, ignored) && folder.filename() != "fd") {
    return base::fail("read scenario", path + ": it is a fifo, no file");
  }
  return base::sys::read_file(path);
}

base::Result<scenario::Scenario> load_again(const ScenarioFile& file,
                                            const std::string& id) {
  const std::string text = DRIFTCAGE_TRY(read_scenario(file.path));
  auto parsed = parse_file(file, text);
  if (parsed) {
    const auto found = std::ranges::find(*parsed, id, &scenario::Scenario::id);
    if (found != parsed->end()) return std::move(*found);
  }
  return base::fail("read the scenario again", file.path, 0, kChanged);
}

std::vector<scenario::Waiver> read_waivers(
    const std::vector<std::string>& files, Loaded* loaded) {
  std::vector<scenario::Waiver> all;
  for (const std::string& file : files) {
    const auto text = read_scenario(file);
    if (!text) {
      ++loaded->mistakes;
      loaded->report +=
          fmt::format("driftcage: error: {}\n", text.error().message());
      continue;
    }
    const auto waivers = scenario::parse_waivers(*text, file);
    if (waivers) {
      all.insert(all.end(), waivers->begin(), waivers->end());
      continue;
    }
    loaded->mistakes += waivers.error().size();
    for (const scenario::Diagnostic& mistake : waivers.error()) {
      loaded->report += scenario::render(mistake, *text);
    }
  }
  return all;
}

void add_waivers(const std::vector<scenario::Waiver>& waivers,
                 scenario::Scenario* scenario) {
  for (const scenario::Waiver& waiver : waivers) {
    if (::fnmatch(waiver.id.c_str(), scenario->id.c_str(), 0) == 0) {
      scenario->xfails.push_back(waiver.xfail);
    }
  }
}

}  // namespace driftcage::runner
