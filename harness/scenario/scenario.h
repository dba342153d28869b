// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/model/cage_spec.h"
#include "harness/model/event_line.h"
#include "harness/model/source.h"

// One scenario file, as written: variables such as $WORK are not replaced yet.
namespace driftcage::scenario {

// A variable of the environment; empty value: unset it.
using EnvChange = std::map<std::string, std::optional<std::string>>;

struct PathChange {
  std::vector<std::string> drop;     // program names, fnmatch(3)
  std::vector<std::string> prepend;  // directories
  std::vector<std::string> remove;
  std::optional<std::string> set;
  bool operator==(const PathChange&) const = default;
};

struct FileChange {
  std::string path;  // relative: below $WORK
  std::optional<std::string> text;
  std::optional<std::string> symlink;  // target
  std::optional<std::uint32_t> mode;
};

struct MountChange {
  std::string at;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> inodes;
  bool noexec = false;
  bool read_only = false;
  // Neither size nor inodes nor `from`: the tree that is there, with the flags.
  bool tmpfs = false;
  std::string from_image;  // `from = { image = "…", path = "…" }`
  std::string from_path;
};

enum class CacheState : std::uint8_t { Cold, Warm, Pristine };

// A set of typed, undoable changes. Faults and fixes use the same keys.
struct Effects {
  EnvChange env;
  PathChange path;
  std::vector<std::string> hide;
  std::vector<FileChange> files;
  std::map<std::string, std::uint32_t> chmod;
  std::map<std::string, std::uint64_t> truncate;
  std::vector<model::op::Corrupt> corrupt;
  std::vector<MountChange> mounts;
  model::Limits limits;
  std::optional<std::string> user;  // "root", "nobody", a number
  std::optional<std::uint32_t> umask;
  std::optional<model::Network> net;
  std::optional<model::ProcView> proc;
  std::vector<std::string> drop_devices;
  std::optional<std::int64_t> clock_offset_s;
  std::optional<CacheState> cache;
  std::vector<model::Injection> inject;
  // Commands before the payload, untraced: argv, or {"/bin/sh","-c",line}.
  std::vector<std::vector<std::string>> setup;
  [[nodiscard]] bool empty() const;
};

struct Fault {
  std::string id;
  Effects effects;
  model::SourceRange at;
};

// What exit the payload must have.
struct ExitPattern {
  enum class Kind : std::uint8_t { Codes, Nonzero, Any, Signal, Spawn };
  Kind kind = Kind::Codes;
  std::vector<int> codes{0};
  int signal = 0;
  int spawn_err = 0;
  model::SourceRange at;
};

struct OutputPattern {
  enum class Stream : std::uint8_t { Stdout, Stderr };
  Stream stream = Stream::Stderr;
  bool regex = false;  // RE2, else substring
  std::string text;
  model::SourceRange at;
};

// Conditions about one leg, without event lines.
struct LegExpect {
  std::optional<ExitPattern> exit;
  std::vector<OutputPattern> output;
};

// `left == right`, `left != right` or `left under right`: texts with ${name} of
// a captured value, and with variables. It flips, like a line of `see`.
struct Condition {
  enum class Kind : std::uint8_t { Equal, Unequal, Under };
  Kind kind = Kind::Equal;
  std::string left;
  std::string right;
  std::string text;  // as written
  model::SourceRange at;
};

struct Expect {
  LegExpect leg;  // about the fault leg
  std::vector<Condition> where;
  std::vector<model::EventLine> see;
  std::vector<model::EventLine> never;
  std::vector<model::EventLine> keep;
  model::SourceRange at;
};

struct Fix {
  std::string id;
  std::string say;
  std::vector<std::string> lift;  // fault ids
  Effects effects;
  std::vector<std::vector<std::string>> run;  // commands before the payload
  bool wrong = false;                         // a decoy: proven not to help
  LegExpect expect;
  model::SourceRange at;
};

struct Needs {
  std::map<std::string, std::string> tools;  // name -> ">=1.20", "*"
  std::vector<std::string> features;         // host features of the doctor
  std::string libc;                          // "glibc", "musl"
  std::vector<std::string> arch;             // "amd64"
};

// A known failure, which counts as one again after a date.
struct Xfail {
  Needs when;         // only where these are met
  std::string image;  // only on images that match this fnmatch(3) glob
  std::string why;
  std::string until;  // "2027-03-01": the last day
  std::string issue;
  bool strict = true;   // an unexpected pass is a failure
  bool waiver = false;  // from a file of waivers, not the scenario's own
  model::SourceRange at;
};

// Turns a scenario into a lesson: what the student is told, and what counts.
struct Learn {
  int level = 1;  // 1 to 5
  int order = 0;  // among the lessons of its level
  std::string story;
  std::string goal;  // empty: that the command works
  std::string ask;
  std::vector<std::string> hints;
  std::vector<std::string> forbid;   // ways out that do not count, as sentences
  std::vector<std::string> protect;  // paths that must stay as they are
  std::string debrief;
  // By fix id: the lines that a student would type for it.
  std::map<std::string, std::vector<std::string>> type;
};

enum class Leg : std::uint8_t { Control, Fault, Fix };

// One of several commands in one cage, in their order.
struct Step {
  std::string name;
  std::vector<std::string> run;  // as Scenario::run
  EnvChange env;                 // of this step only
  std::vector<Leg> legs{Leg::Control, Leg::Fault, Leg::Fix};
  // About the fault leg and decoys, exit 0 unless given; in the other legs
  // every step must exit with 0.
  LegExpect expect;
  model::SourceRange at;
  [[nodiscard]] bool runs_in(Leg leg) const {
    return std::find(legs.begin(), legs.end(), leg) != legs.end();
  }
};

struct Scenario {
  std::string file;                             // as given
  std::string source;                           // the whole text, for messages
  std::map<std::string, std::string> included;  // texts of `include`, by path
  std::string id;  // of a [matrix]: "go/x[1.21,1.24]"
  std::string title;
  std::string about;
  std::vector<std::string> tags;
  std::vector<std::string> refs;
  std::vector<std::string> symptoms;  // messages, beside those of [expect]
  std::vector<std::string> run;  // argv; a `sh` line as {"/bin/sh","-c",line}
  bool shell = false;
  std::vector<Step> steps;  // instead of `run`
  std::uint64_t timeout_ms = 60'000;
  std::string group;       // scenarios of one group are limited together
  bool exclusive = false;  // nothing else runs meanwhile
  unsigned retries = 0;    // further tries after a bad verdict
  // Warm unless told otherwise; the image's own where nothing in it can run Go.
  CacheState cache = CacheState::Warm;
  Needs needs;
  Effects baseline;  // [env], [files], [setup] … of every leg
  std::vector<Fault> faults;
  Expect expect;
  LegExpect control;  // [control]: default exit 0
  std::vector<Fix> fixes;
  // Commands for the leg that decided a bad verdict, run in a cage like it.
  std::vector<std::vector<std::string>> collect;
  std::optional<Learn> learn;
  std::vector<Xfail> xfails;    // the first that applies counts
  bool fault_leg_only = false;  // legs = ["fault"]: a weak scenario
  [[nodiscard]] bool weak() const { return fault_leg_only; }
};

}  // namespace driftcage::scenario
