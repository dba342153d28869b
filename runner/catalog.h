// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/scenario/parser.h"
#include "harness/scenario/scenario.h"

// Scenario files on disk: where they are, which ones a command line means, and
// their text. What is in them is harness/scenario's business.
namespace driftcage::runner {

// Why a scenario that was read is not there any more.
inline constexpr const char* kChanged =
    "it was changed while the run went on; run it again";

struct ScenarioFile {
  std::string path;  // as shown to people: relative when it was found so
  std::string id;    // from its place below a folder "scenarios"; else empty
  // "go/x[1.24]" when only this combination of its matrix is meant.
  std::string combination{};
  bool operator==(const ScenarioFile&) const = default;
};

// The folder with the scenarios: DRIFTCAGE_SCENARIOS, else the nearest folder
// `scenarios` that holds TOML files, from the working directory upwards, then
// from the program's folder upwards, then share/driftcage/scenarios of the
// program's install prefix.
[[nodiscard]] base::Result<std::string> find_scenarios();

// The folder that came with the program, whatever the project at hand has.
[[nodiscard]] base::Result<std::string> find_shipped_scenarios();

// The folder with the image recipes: DRIFTCAGE_IMAGES, else found like that one
// under the name `images`.
[[nodiscard]] base::Result<std::string> find_recipes();

// All TOML files below `folder`, by path. Names that begin with a dot are left
// out, and with `_`, which others include.
[[nodiscard]] base::Result<std::vector<ScenarioFile>> scan_scenarios(
    const std::string& folder);

struct Selection {
  std::vector<ScenarioFile> files;  // each once, in the order of the arguments
  // The first argument that selects nothing, and why; empty step: none.
  base::Error nothing;
};

// What `arguments` mean: ids ("go/goenv-off", "go/x[1.24]"), folders of ids
// ("go"), globs of ids ("go/*", "*noexec*"; fnmatch(3) without FNM_PATHNAME),
// files and folders on disk. None: everything. An id wins over a path of the
// same name; "./go" is always a path.
[[nodiscard]] base::Result<Selection> select_scenarios(
    const std::vector<std::string>& arguments);

struct Loaded {
  std::vector<scenario::Scenario> scenarios;
  std::size_t mistakes = 0;
  std::vector<std::string> broken;  // files with mistakes
  std::string report;               // all mistakes of all files, ready to print
};

// Reads and parses one after the other, and hands each scenario to `take` with
// the position of its file; of what comes back `scenarios` stays empty.
[[nodiscard]] Loaded load_each(
    const std::vector<ScenarioFile>& files,
    const std::function<void(scenario::Scenario, std::size_t file)>& take);
// The text of a scenario's file, or of one that it includes. A fifo may never
// have a writer and is refused, but for those that shells make of <(command).
[[nodiscard]] base::Result<std::string> read_scenario(const std::string& path);
// A scenario once more, by the file that it came from and its id.
[[nodiscard]] base::Result<scenario::Scenario> load_again(
    const ScenarioFile& file, const std::string& id);

// Reads and parses; all mistakes of all files at once. Two files with one id
// are a mistake too, because a run record has one folder per id.
[[nodiscard]] Loaded load_scenarios(const std::vector<ScenarioFile>& files);

// The waivers of all these files; what is wrong with them goes to `loaded`.
[[nodiscard]] std::vector<scenario::Waiver> read_waivers(
    const std::vector<std::string>& files, Loaded* loaded);
// Adds the expected failures of waivers that name the scenario; its own come
// first.
void add_waivers(const std::vector<scenario::Waiver>& waivers,
                 scenario::Scenario* scenario);

}  // namespace driftcage::runner
