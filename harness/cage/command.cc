// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/command.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "harness/base/sys.h"
#include "harness/base/wait_status.h"
#include "harness/cage/identity.h"
#include "harness/cage/program.h"
#include "harness/wire/fields.h"

namespace driftcage::cage {
namespace {

constexpr off_t kTail = 2000;  // bytes of output that an error quotes

// The command's process. An error that keeps it from running goes to `report`,
// which execve closes.
[[noreturn]] void become(const model::CageSpec& spec,
                         const std::map<std::string, std::string>& environment,
                         const std::vector<std::string>& argv,
                         const CageIds& ids, int output, int report) {
  std::vector<std::string> notes;  // the payload's own say the same
  base::Status status;
  base::Error error{"run command", argv.empty() ? "" : argv.front(), 0, ""};
  // Standard input is a pipe that ends at once: /dev/null may be a fault.
  auto input = base::sys::pipe();
  if (!input) {
    status = tl::make_unexpected(input.error());
  } else {
    ::dup2(input->first.get(), STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    status = become_user(spec, ids, notes);
  }
  Program program(argv, environment);
  if (status) {
    error.err = program.find();
    if (error.err == 0) status = set_limits(spec.limits, notes);
  }
  if (status && error.err == 0) {
    close_all_but(report);
    error.err = program.exec();
  }
  if (!status) error = status.error();
  std::string bytes;
  wire::Encode encode(bytes);
  encode(error);
  static_cast<void>(base::sys::write_all(report, bytes, "report"));
  ::_exit(127);
}

std::string tail_of(int output) {
  const off_t size = ::lseek(output, 0, SEEK_END);
  if (size <= 0) return "it printed nothing";
  ::lseek(output, size > kTail ? size - kTail : 0, SEEK_SET);
  auto text = base::sys::read_fd(output, "output");
  return text ? "it printed:\n" + *text : text.error().message();
}

// Ends everything in the cage but pid 1.
void end_others() {
  ::kill(-1, SIGKILL);
  while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
  }
}

std::string words(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

base::Status run_command(const model::CageSpec& spec,
                         const std::map<std::string, std::string>& environment,
                         const std::vector<std::string>& argv,
                         const CageIds& ids) {
  const base::UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
  if (!output) return base::fail("memfd_create", "output", errno);
  auto [report_read, report_write] = DRIFTCAGE_TRY(base::sys::pipe());
  const pid_t pid = ::vfork();  // see run_init
  if (pid < 0) return base::fail("vfork", "command", errno);
  if (pid == 0) {
    become(spec, environment, argv, ids, output.get(), report_write.get());
  }
  report_write.reset();
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(-1, &status, __WALL);
  } while (ended != pid && (ended > 0 || errno == EINTR));
  end_others();

  const std::string report =
      DRIFTCAGE_TRY(base::sys::read_fd(report_read.get(), "report"));
  if (!report.empty()) {
    base::Error error;
    wire::Decode decode(report);
    decode(error);
    return tl::make_unexpected(error);
  }
  const base::WaitStatus end(status);
  if (end.success()) return {};
  return base::fail("run command", words(argv) + " (" + end.text() + ")", 0,
                    tail_of(output.get()));
}

}  // namespace driftcage::cage
