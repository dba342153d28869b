// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

#include "harness/cell/cell.h"
#include "harness/cell/nursery.h"
#include "harness/cell/visitor.h"
#include "harness/wire/nursery.h"

// Started by driftcage with descriptors 3 and 4 as cell.h says; 0, 1 and 2
// become the payload's. With one argument it is a nursery, which becomes such a
// process again and again. With more it is the voice of somebody in a lesson's
// cage: the door, and what is said there.
int main(int argc, char** argv) {
  using namespace driftcage;
  if (argc > 2) return cell::visit(argv[1], {argv + 2, argv + argc});
  // Directories of a cage have the modes that they are made with.
  ::umask(022);
  cage::IdleNetwork network;
  if (argc == 2 && argv[1] == std::string_view(wire::kNurseryWord)) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const auto served = cell::serve_nursery(wire::kNurserySocket);
    if (!served) return 0;
    network = *served;
  }
  if (::fcntl(cell::kSpecFd, F_SETFD, FD_CLOEXEC) != 0 ||
      ::fcntl(cell::kTraceFd, F_SETFD, FD_CLOEXEC) != 0) {
    constexpr char kText[] =
        "driftcage-cell: started by driftcage only, with descriptors 3 and 4\n";
    [[maybe_unused]] const ssize_t written =
        ::write(STDERR_FILENO, kText, sizeof kText - 1);
    return 2;
  }
  // Should the runner have died before this line, the end of file on the spec's
  // descriptor tells.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // A terminal sends these to the whole foreground group. What they mean for a
  // leg is the runner's decision.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGQUIT, SIG_IGN);
  ::signal(SIGPIPE, [](int) {});  // caught, so that execve resets it
  ::close_range((network.network < 0 ? cell::kTraceFd : cell::kSocketsFd) + 1,
                ~0u, 0);
  const bool told = cell::run_cell(cell::kSpecFd, cell::kTraceFd, network);
  // The runner goes on when it sees their end, and the kernel would close them
  // after it has taken this process apart.
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO, cell::kTraceFd}) {
    ::close(fd);
  }
  return told ? 0 : 1;
}
