// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/model/cage_spec.h"
#include "harness/model/event.h"
#include "harness/trace/gate.h"
#include "harness/trace/root_tree.h"
#include "harness/trace/tracee.h"
#include "harness/trace/tracee_memory.h"
#include "harness/trace/tracer.h"

namespace driftcage::trace {

inline constexpr std::size_t kMaxPath = 4096;  // PATH_MAX, with its NUL

// The kernel marks the links of unlinked files; such a name is no longer one.
inline constexpr std::string_view kDeleted = " (deleted)";
void strip_deleted(std::string& link);

// Turns the stops of a thread into events. Knows nothing of wait(2) or of how
// tracees are resumed: every call comes while the thread is stopped.
class Recorder {
 public:
  Recorder(const model::TraceSpec& spec, Sink& sink);

  // `first` is stopped in the root directory of the cage.
  void begin(Thread& first);
  void process_started(Thread& leader);
  void process_ended(const Process& process, int status);

  // Whether a call with this tag is seen by this trace at all.
  [[nodiscard]] bool wants(CallTag tag) const { return must_see(verbs_, tag); }
  // Call entry; true when the exit of the call must be seen.
  bool enter(Thread& thread, CallTag tag, const AbiRow& abi,
             std::uint64_t number, const std::uint64_t* args);
  // Call exit: `value` is what the kernel returned, a negative errno for an
  // error.
  void leave(Thread& thread, std::int64_t value, bool is_error);
  // The thread's process has new memory: its exec was successful.
  static void renew_memory(Thread& thread);
  // A successful exec, at its event stop.
  void executed(Thread& thread);
  // What the thread's program has mapped, before an exec or its end.
  void report_mapped(Thread& thread);

  // Lets go of the cage's root, which could not be unmounted before.
  void finish() { tree_ = RootTree(); }

  // The thread's id as the cage sees it.
  pid_t inner_tid(Thread& thread);

  void flag(std::uint32_t integrity) { integrity_ |= integrity; }
  [[nodiscard]] std::uint32_t integrity() const { return integrity_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t now() const;

 private:
  // False: the gate lets the call go.
  bool read_path(Thread& thread, const Shape& shape);
  void read_exec(Thread& thread);
  void read_open_how(Thread& thread);
  void read_clone3(Thread& thread);
  void trace_untraced_clone(Thread& thread);
  void read_socket_address(Thread& thread);
  void resolve(Thread& thread);
  void resolve_descriptor(Thread& thread);
  // Takes what ".." in the absolute path stands for.
  void fold_dots(Thread& thread);
  void directory_of(Thread& thread, int dirfd, std::string& out);
  // False when `name`, which the kernel has for what the link in the thread's
  // /proc stands for, begins at the root of a mount that is nowhere.
  bool is_placed(Thread& thread, const struct statx& file,
                 const std::string& name);
  // A link's text, as the thread's process sees it from its root; "" for what
  // lies outside of that.
  [[nodiscard]] std::string as_seen(Thread& thread, std::string link);
  void finish_success(Thread& thread);
  void verify_open(Thread& thread);
  void follow_program(Thread& thread);
  // Nothing when they cannot be read.
  [[nodiscard]] std::optional<std::vector<model::MappedFile>> mapped_files(
      Thread& thread);
  // The tree that the thread's process sees; `own` keeps one that is not the
  // cage's.
  RootTree& tree_of(Thread& thread, RootTree& own);
  void finish_exec_environment(Thread& thread, bool succeeded);
  void explain_failure(Thread& thread);
  void explain_slowly(Thread& thread, RootTree& tree);
  static void note_limit(Thread& thread);
  void guard_result(const Thread& thread, bool is_error);
  static void hide_secrets(model::Event& event);
  void emit(Thread& thread);
  ProcView& proc_of(Thread& thread);
  memory::Source memory_of(Thread& thread);

  Sink& sink_;
  const bool explain_;
  const bool redact_;
  const bool identify_;
  const bool mapped_;
  const bool loads_;  // shared objects are looked into
  const std::uint32_t verbs_;
  const Gate gate_;
  std::uint64_t start_ns_ = 0;
  std::uint64_t events_ = 0;
  std::uint32_t integrity_ = 0;
  bool detached_ = false;    // a mount with users is nowhere any more
  std::size_t depth_ = 0;    // of the cage's pid namespace below ours
  std::string root_prefix_;  // link text of the cage's root; "" for "/"
  RootTree tree_;            // below the root of the cage
  std::string text_;         // scratch
};

}  // namespace driftcage::trace
