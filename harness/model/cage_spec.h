// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace driftcage::model {

// Changes to the cage's tree, applied in order before the payload starts. All
// paths are absolute in the cage, links are resolved inside its root.
namespace op {

struct MakeDirectory {
  std::string path;  // missing parents are made too, mode 0755
  std::uint32_t mode = 0755;
  bool operator==(const MakeDirectory&) const = default;
};
struct WriteFile {  // creates parents; replaces what is there
  std::string path;
  std::string bytes;
  std::uint32_t mode = 0644;
  bool operator==(const WriteFile&) const = default;
};
struct MakeSymlink {
  std::string path;
  std::string target;
  bool operator==(const MakeSymlink&) const = default;
};
struct Hide {  // afterwards the path does not exist; a directory with its tree
  std::string path;
  bool operator==(const Hide&) const = default;
};
struct Chmod {
  std::string path;
  std::uint32_t mode = 0;
  bool may_fail = false;
  bool operator==(const Chmod&) const = default;
};
struct Truncate {
  std::string path;
  std::uint64_t size = 0;
  bool operator==(const Truncate&) const = default;
};
struct Corrupt {  // inverts `length` bytes from `offset`
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 1;
  bool operator==(const Corrupt&) const = default;
};
struct MountTmpfs {
  std::string at;
  std::optional<std::uint64_t> size;  // bytes
  std::optional<std::uint64_t> inodes;
  std::uint32_t mode = 0755;
  bool noexec = false;
  bool read_only = false;
  bool operator==(const MountTmpfs&) const = default;
};
// The tree that is at `at` already, mounted over itself with new flags.
struct Remount {
  std::string at;
  bool noexec = false;
  bool read_only = false;
  bool operator==(const Remount&) const = default;
};
// A directory or file of the host (an image's tree, a warm cache).
struct MountTree {
  std::string from;  // host path
  std::string at;
  bool read_only = true;  // false: an overlay whose changes are thrown away
  bool noexec = false;
  // What belongs to root outside belongs to the cage's root, where the cage's
  // ids are not the host's. For directories of the caller's own, with an
  // overlay.
  bool own_ids = false;
  // A host directory, such as the root of an untrusted image: `from` is a path
  // in it, and no link on the way leads out of it. Empty: none.
  std::string inside{};
  bool operator==(const MountTree&) const = default;
};
// A host directory whose changes stay: only for making warm caches.
struct MountShared {
  std::string from;
  std::string at;
  bool operator==(const MountShared&) const = default;
};
// Programs with these names (fnmatch(3) patterns) are found in no directory of
// PATH. Each directory that holds one is replaced in PATH by a directory of
// links to its other programs; the programs themselves stay where they are.
struct DropPrograms {
  std::vector<std::string> names;
  bool operator==(const DropPrograms&) const = default;
};
// Commands before the payload, untraced, as the payload's user. A failing one
// is an error of the cage unless `may_fail`.
struct RunCommand {
  std::vector<std::string> argv;
  bool may_fail = false;
  bool operator==(const RunCommand&) const = default;
};

// Changes the environment of what follows, the payload's included. Unlike the
// spec's own it comes after what earlier operations did to PATH.
struct SetVariables {
  std::map<std::string, std::string> set;
  std::vector<std::string> unset;
  bool operator==(const SetVariables&) const = default;
};

}  // namespace op

using CageOp =
    std::variant<op::MakeDirectory, op::WriteFile, op::MakeSymlink, op::Hide,
                 op::Chmod, op::Truncate, op::Corrupt, op::MountTmpfs,
                 op::Remount, op::MountTree, op::MountShared, op::DropPrograms,
                 op::RunCommand, op::SetVariables>;

enum class Network : std::uint8_t { None, Loopback, Host };
enum class ProcView : std::uint8_t { Fresh, None };
enum class Engine : std::uint8_t { Seccomp, Ptrace, Untraced };

// setrlimit(2) values, soft and hard alike.
struct Limits {
  std::optional<std::uint64_t> nofile;
  std::optional<std::uint64_t> nproc;
  std::optional<std::uint64_t> fsize;
  std::optional<std::uint64_t> data;
  std::optional<std::uint64_t> as;
  std::optional<std::uint64_t> stack;
  std::optional<std::uint64_t> cpu;  // seconds
  std::optional<std::uint64_t> core;
  bool operator==(const Limits&) const = default;
};

// What the tracer records: verbs (bit i = Verb i) and how.
struct TraceSpec {
  Engine engine = Engine::Seccomp;
  std::uint32_t verbs = 0;  // derived verbs imply what they are derived from
  // Failing calls get a cause; successful opens the path really opened.
  bool explain = true;
  bool pin_cpu = false;   // tracer and tracees on one CPU
  std::int32_t cpu = -1;  // which; -1: the one it runs on
  bool redact = true;     // values of secrets are replaced by ***
  bool identify = false;  // successful opens get device, inode, deleted
  bool mapped = false;    // what each program had mapped at its end
  // Verbs (bits) whose calls are let go at their entry, and are no events,
  // unless their last component matches one of `names`, fnmatch(3) patterns.
  // A verb of which a call is to be answered is none of them.
  std::uint32_t gated = 0;
  std::vector<std::string> names{};
  bool operator==(const TraceSpec&) const = default;
};

// An errno for a call, optionally only for absolute paths that match an
// fnmatch(3) glob, whose `*` matches slashes, too.
struct Injection {
  std::string syscall;
  std::string path_glob;  // empty: every call
  int err = 0;
  bool operator==(const Injection&) const = default;
};

// The verbs of the calls that are answered, as bits of TraceSpec::verbs.
[[nodiscard]] std::uint32_t verbs_of(const std::vector<Injection>& injections);

// Everything one leg needs, with nothing left to look up: made by
// harness/plan, sent by harness/run, carried out by driftcage-cell.
struct CageSpec {
  std::string root = "/";             // host directory that is the image's root
  bool root_is_host = true;           // overlay the host's other mounts too
  bool root_own_ids = false;          // as MountTree::own_ids
  std::vector<std::string> masks;     // directories shown empty, writable
  std::vector<op::MountTree> let_in;  // seen through the masks
  std::vector<CageOp> ops;
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::string directory = "/";  // the payload's working directory
  std::uint32_t uid = 0;        // inside the cage
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // supplementary ones
  // Whose the files are that the user of the leg works with: another user takes
  // this one's place. What the cage makes is theirs, too.
  std::uint32_t owner_uid = 0;
  std::uint32_t owner_gid = 0;
  std::uint32_t umask = 022;
  Limits limits;
  Network network = Network::None;
  ProcView proc = ProcView::Fresh;
  std::vector<std::string> drop_devices;  // names below /dev
  std::int64_t clock_offset_s = 0;
  std::string hostname = "cage";
  std::vector<Injection> injections;
  TraceSpec trace;
  std::uint64_t timeout_ms = 60'000;
  // Standard input is a terminal that becomes the payload's controlling one.
  bool terminal = false;
  // What the payload left in these directories of the cage goes to one of the
  // host, numbered from 0; empty: nowhere.
  std::string keep_into;
  std::vector<std::string> keep;
  bool operator==(const CageSpec&) const = default;
};

}  // namespace driftcage::model
