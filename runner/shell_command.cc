// SPDX-License-Identifier: Apache-2.0
#include "runner/shell_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "harness/base/environment.h"
#include "harness/base/path.h"
#include "harness/base/shell_word.h"
#include "harness/base/sys.h"
#include "harness/base/zero_list.h"
#include "harness/image/open.h"
#include "harness/model/verdict.h"
#include "harness/plan/planner.h"
#include "harness/report/escape.h"
#include "harness/run/ground.h"
#include "harness/run/interact.h"
#include "harness/run/record.h"
#include "harness/run/warm_cache.h"
#include "runner/handle.h"
#include "runner/image_options.h"
#include "runner/process.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

// Of the list of what could not be kept.
constexpr std::size_t kMostLost = 8192;

// A cage to enter, and what to say at its door.
struct Room {
  model::CageSpec spec;
  std::string name;  // for the prompt
  std::string greeting;
  std::string blame;                  // what to say when no shell starts
  std::shared_ptr<const void> lease;  // keeps the image's tree from removal
};

// Whether the payload may find it is the fault's business: the path is looked
// up in the image.
std::vector<std::string> shell_of(const image::Image& image) {
  if (const std::string bash = image::find_program(image, "bash");
      !bash.empty()) {
    return {bash, "--norc", "--noprofile"};
  }
  const std::string sh = image::find_program(image, "sh");
  return {sh.empty() ? "/bin/sh" : sh};
}

int enter(Room room) {
  model::CageSpec& spec = room.spec;
  spec.environment["PS1"] = "[" + room.name + "] \\w \\$ ";
  const std::string term = variable("TERM");
  spec.environment["TERM"] = term.empty() ? "dumb" : term;
  spec.trace = {};
  spec.trace.engine = model::Engine::Untraced;
  spec.timeout_ms = 0;  // people take their time
  write_err(room.greeting);
  const auto done = run::interact(std::move(spec));
  if (!done) {
    print_error(done.error());
    return model::kExitHost;
  }
  const wire::End& end = done->end;
  if (done->signal != 0) return 128 + done->signal;
  if (end.outcome == wire::Outcome::Finished) return end.status.shell_code();
  base::Error error = end.error;
  if (end.outcome == wire::Outcome::SpawnFailed) error.hint = room.blame;
  print_error(error);
  return model::kExitHost;
}

std::string quoted(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) {
    if (!text.empty()) text += ' ';
    text += base::shell_word(word);
  }
  return text;
}

// The ground as the run had it, on the image as it is now.
base::Result<plan::Ground> ground_of(const run::Record& record,
                                     const run::ScenarioResult& result) {
  const std::string& reference = result.image;
  const run::RecordedImage* recorded = record.image(reference);
  if (recorded == nullptr) {
    return base::fail("find the image in the run record", reference);
  }
  plan::Ground ground;
  ground.image = DRIFTCAGE_TRY(open_shown(reference, base::environment()));
  ground.facts = recorded->facts;
  ground.rung = recorded->rung;
  ground.ids = recorded->ids;
  ground.warm_cache =
      DRIFTCAGE_TRY(run::stored_warm_cache(ground.image, ground.facts));
  for (const std::string& other :
       run::wanted_of({}, {result.scenario}).others) {
    ground.others.emplace(other, open_shown(other, base::environment()));
  }
  if (ground.image.identity != recorded->identity) {
    write_err(fmt::format(
        "driftcage: warning: the image {} has changed since that run\n",
        reference));
  }
  return ground;
}

base::Result<std::string> leg_of(const Handle& handle,
                                 const run::ScenarioResult& result) {
  std::vector<std::string> names;
  for (const match::LegResult& leg : result.legs) names.push_back(leg.name);
  std::string wanted = handle.leg;
  if (wanted.empty()) wanted = result.judgement.leg;
  if (wanted.empty()) wanted = "fault";
  if (std::find(names.begin(), names.end(), wanted) != names.end()) {
    return wanted;
  }
  return base::fail("find the leg", "\"" + wanted + "\"", 0,
                    names.empty()
                        ? "no leg of it was run: " + result.judgement.reason
                        : fmt::format("it has {}", fmt::join(names, ", ")));
}

// In the cage, of "PLACE/NAME". Nothing for what driftcage-cell does not write:
// a record may have been edited.
std::optional<std::string> kept_path(std::string_view name) {
  const std::size_t slash = name.find('/');
  std::size_t place = 0;
  if (slash == std::string_view::npos || slash == 0 ||
      std::from_chars(name.data(), name.data() + slash, place).ptr !=
          name.data() + slash ||
      place >= run::kept_places().size()) {
    return std::nullopt;
  }
  const std::string_view inner = name.substr(slash + 1);
  for (const std::string_view part : base::path::components(inner)) {
    if (part == "..") return std::nullopt;
  }
  const std::string& at = run::kept_places()[place];
  return inner.empty() ? at : at + "/" + std::string(inner);
}

// "MODE PLACE/NAME", each with a zero behind it, as driftcage-cell writes them.
// A directory comes before what is in it, and gets its mode after that.
void put_modes_back(const std::string& file, model::CageSpec& spec) {
  const std::string bytes = base::sys::read_file(file).value_or(std::string());
  std::vector<model::CageOp> ops;
  for (const std::string& entry : base::split_zero(bytes)) {
    const std::string_view line(entry);
    const std::size_t blank = std::min(line.find(' '), line.size());
    model::op::Chmod chmod;
    const auto mode =
        std::from_chars(line.data(), line.data() + blank, chmod.mode, 8);
    const auto path =
        blank < line.size() ? kept_path(line.substr(blank + 1)) : std::nullopt;
    if (mode.ptr != line.data() + blank || chmod.mode > 07777 || !path)
      continue;
    chmod.path = *path;
    chmod.may_fail = true;
    ops.emplace_back(std::move(chmod));
  }
  spec.ops.insert(spec.ops.end(), std::make_move_iterator(ops.rbegin()),
                  std::make_move_iterator(ops.rend()));
}

// What the payload left, if the run kept it, over what the plan puts there.
void put_back(const std::string& folder, model::CageSpec& spec) {
  const std::vector<std::string>& places = run::kept_places();
  std::error_code code;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::string from = folder + "/kept/" + std::to_string(i);
    if (!std::filesystem::is_directory(from, code)) continue;
    model::op::MountTree tree;
    tree.from = from;
    tree.at = places[i];
    tree.read_only = false;
    tree.own_ids = true;
    spec.ops.emplace_back(std::move(tree));
  }
  put_modes_back(folder + "/kept/modes", spec);
}

std::string kept_text(const std::string& folder) {
  std::string text = "as the command left them";
  const auto lost = base::sys::read_file(folder + "/kept/lost");
  if (!lost) return text;
  // "PLACE/NAME", each with a zero behind it, and "+N" for more.
  text += ", but what could not be kept:";
  for (const std::string& line :
       base::split_zero(std::string_view(*lost).substr(0, kMostLost))) {
    if (const auto path = kept_path(line)) {
      text += "\n                 " + report::printable(*path);
    } else if (line.starts_with('+')) {
      text += "\n                 and " + report::printable(line.substr(1)) +
              " more";
    }
  }
  return text;
}

base::Result<Room> room_of(const Handle& handle) {
  if (handle.id.empty()) {
    return base::fail("enter", handle.record.folder(), 0,
                      "say which scenario: RUN/ID or RUN/ID/LEG");
  }
  const run::Summary& summary = handle.first_round();
  const bool one_round = std::ranges::all_of(
      handle.results,
      [&](const run::Summary& other) { return other.round == summary.round; });
  std::set<std::string> ways;
  for (const run::Summary& other : handle.results) {
    ways.insert(run::image_folder(other.image) + "/" +
                run::round_id(other.id, one_round ? other.round : 0));
  }
  if (ways.size() > 1) {
    return base::fail(
        "enter", handle.id, 0,
        fmt::format("it ran several times: {}", fmt::join(ways, ", ")));
  }
  const run::ScenarioResult result = DRIFTCAGE_TRY(run::Record::load(summary));
  if (!result.unread.empty())
    return base::fail(run::kReadRecord, handle.id, 0, result.unread);
  const std::string leg = DRIFTCAGE_TRY(leg_of(handle, result));
  const plan::Ground ground = DRIFTCAGE_TRY(ground_of(handle.record, result));
  plan::ScenarioPlan plan =
      DRIFTCAGE_TRY(plan::make_plan(result.scenario, ground));
  if (!plan.skip.empty()) return base::fail("enter", handle.id, 0, plan.skip);
  const auto found =
      std::find_if(plan.legs.begin(), plan.legs.end(),
                   [&](const plan::LegPlan& p) { return p.name == leg; });
  if (found == plan.legs.end()) return base::fail("plan the leg", leg);

  Room room;
  room.spec = std::move(found->spec);
  const std::string folder =
      summary.record + "/" + summary.folder + "/" + run::leg_folder(leg);
  const bool kept = std::filesystem::exists(folder + "/kept");
  if (kept) put_back(folder, room.spec);
  room.name = summary.id + " " + leg;
  const std::string run_name = run::run_name_of(summary.record);
  const std::string other_leg = leg == "control" ? "fault" : "control";
  const std::string other =
      run::round_id(summary.id, summary.round) + "/" + other_leg;
  room.greeting = fmt::format(
      "{}, leg {}: {}\n"
      "  the command    {}\n"
      "  files          {}\n"
      "  exit or Ctrl-D leaves it; nothing of it stays.",
      summary.id, leg, report::printable_text(result.scenario.title),
      report::printable_text(quoted(room.spec.argv)),
      kept ? kept_text(folder)
           : "as they were before the command (run --keep fail keeps what it "
             "leaves)");
  if (!result.scenario.weak()) {
    room.greeting += fmt::format(
        " The {} leg, then:\n                 driftcage shell {}/{}", other_leg,
        run_name, other);
  }
  room.greeting += "\n";
  room.blame = fmt::format(
      "in this cage no shell starts, which may be the fault itself; "
      "driftcage shell {}/{}",
      run_name, other);
  room.spec.argv = shell_of(ground.image);
  room.lease = ground.image.lease;
  return room;
}

int enter_or_say(base::Result<Room> room) {
  if (!room) return say_error(room.error(), exit_code_of(room.error()));
  return enter(*std::move(room));
}

base::Result<Room> room_of(const std::string& text) {
  return room_of(DRIFTCAGE_TRY(resolve_handle(text)));
}

}  // namespace

int shell_into(const std::string& handle) {
  return enter_or_say(room_of(handle));
}

int shell_into_image(const std::string& reference) {
  const auto image = open_shown(reference, base::environment());
  if (!image) return say_error(image.error(), model::kExitHost);
  Room room;
  room.spec = plan::healthy_cage(*image, shell_of(*image));
  enter_working_directory(*image, room.spec);
  room.name = reference;
  room.greeting = fmt::format("image {}, without any fault\n", reference);
  room.blame = "the image has no shell";
  return enter(std::move(room));
}

void shell_into_first_bad(const std::string& record_folder) {
  const auto record = run::Record::open(record_folder);
  if (!record) return;
  for (const run::Summary& summary : record->results()) {
    if (model::is_good(summary.verdict)) continue;
    const std::string leg = record_folder + "/" +
                            run::image_folder(summary.image) + "/" +
                            run::round_id(summary.id, summary.round);
    if (is_terminal(STDIN_FILENO) && is_terminal(STDOUT_FILENO)) {
      static_cast<void>(shell_into(leg));
    } else {
      write_err(
          "driftcage: no shell without a terminal; later: driftcage shell " +
          leg + "\n");
    }
    return;
  }
}

}  // namespace driftcage::runner
