// SPDX-License-Identifier: Apache-2.0
#include "harness/image/tree_measure.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "harness/base/sys.h"
#include "harness/image/interrupt.h"
#include "harness/image/tree_walk.h"

namespace driftcage::image {
namespace {

constexpr int kLookMs = 250;  // how late a signal is noticed at most

struct Seen {
  TreeSize size;
  bool all = true;  // every directory was looked into
};

base::Result<Seen> measure_seen(int top) {
  Seen seen;
  TreeSize& size = seen.size;
  std::unordered_set<FileId, FileIdHash> linked;
  DRIFTCAGE_CHECK_OK(walk_tree(top, {}, [&](const Visit& visit) {
    const struct ::stat& status = visit.status;
    ++size.entries;
    if (S_ISDIR(status.st_mode) && visit.fd < 0) seen.all = false;
    if (S_ISREG(status.st_mode) &&
        (status.st_nlink < 2 || linked.insert(id_of(status)).second)) {
      size.bytes += static_cast<std::uint64_t>(status.st_size);
    }
    const std::pair changed{std::int64_t{status.st_ctim.tv_sec},
                            std::int64_t{status.st_ctim.tv_nsec}};
    if (changed > std::pair{size.changed_s, size.changed_ns})
      std::tie(size.changed_s, size.changed_ns) = changed;
    return base::Status();
  }));
  return seen;
}

// Root of a user namespace may enter every directory whose owner and group
// have ids in it (capabilities(7), CAP_DAC_READ_SEARCH).
bool become_root_of_own() {
  const std::string user = "0 " + std::to_string(::geteuid()) + " 1\n";
  const std::string group = "0 " + std::to_string(::getegid()) + " 1\n";
  return ::unshare(CLONE_NEWUSER) == 0 &&
         // A change of credentials closes /proc/self to the process itself.
         ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 &&
         base::sys::write_file("/proc/self/setgroups", "deny").has_value() &&
         base::sys::write_file("/proc/self/gid_map", group).has_value() &&
         base::sys::write_file("/proc/self/uid_map", user).has_value();
}

// What the child has to tell.
enum class Answer : int { NoNamespace, NotAll, Whole, Failed };
struct Report {
  Answer answer = Answer::Failed;
  TreeSize size;
};

[[noreturn]] void report_as_root(int top, int to, ::pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(1);
  // The guard's handlers would only note them.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    ::signal(signal, SIG_DFL);
  Report report;
  if (!become_root_of_own()) {
    report.answer = Answer::NoNamespace;
  } else if (const auto seen = measure_seen(top)) {
    report.answer = seen->all ? Answer::Whole : Answer::NotAll;
    report.size = seen->size;
  }
  const bool sent = ::write(to, &report, sizeof report) == sizeof report;
  ::_exit(sent ? 0 : 1);
}

// Empty when the child died.
std::optional<Report> receive(int from) {
  while (noted_signal() == 0) {
    ::pollfd wait{from, POLLIN, 0};
    if (::poll(&wait, 1, kLookMs) <= 0) continue;
    Report report;
    const ssize_t size = ::read(from, &report, sizeof report);
    if (size == sizeof report) return report;
    if (size >= 0 || errno != EINTR) break;
  }
  return std::nullopt;
}

// A process of its own: to open a directory that its owner has locked would
// change the directory.
base::Result<std::optional<TreeSize>> measure_as_root(int top) {
  auto [read_end, write_end] = DRIFTCAGE_TRY(base::sys::pipe());
  const ::pid_t parent = ::getpid();
  const ::pid_t child = ::fork();
  if (child < 0) return base::fail("fork", "measure tree", errno);
  if (child == 0) report_as_root(top, write_end.get(), parent);
  write_end.reset();
  const auto report = receive(read_end.get());
  if (!report) ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  DRIFTCAGE_CHECK_OK(check_interrupt());
  if (!report || report->answer == Answer::Failed) {
    return base::fail("measure tree", "locked directories", ECHILD,
                      "the process that looked into them failed");
  }
  return report->answer == Answer::Whole ? std::optional(report->size)
                                         : std::nullopt;
}

}  // namespace

base::Result<TreeMeasure> measure_tree(int top) {
  const Seen seen = DRIFTCAGE_TRY(measure_seen(top));
  TreeMeasure measure{seen.size, seen.size};
  if (!seen.all) measure.whole = DRIFTCAGE_TRY(measure_as_root(top));
  return measure;
}

bool are_alike(const TreeMeasure& a, const TreeMeasure& b) {
  return a.seen == b.seen && (!a.whole || !b.whole || *a.whole == *b.whole);
}

}  // namespace driftcage::image
