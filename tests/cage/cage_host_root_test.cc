// SPDX-License-Identifier: Apache-2.0
// The host's root with other mounts in it, as root lays one overlay over it and
// as others build it.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "tests/cage/cage_test.h"
#include "tests/cage/in_place.h"
#include "tests/must_work.h"

namespace driftcage::testing {
namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  MUST(::chmod(path.c_str(), 0666) == 0);
}

void mount_at(const char* type, const char* at) {
  ::mkdir(at, 0777);
  MUST(::mount(type, at, type, 0, nullptr) == 0);
  ::chmod(at, 0777);
}

void set_up() {
  MUST(::unshare(CLONE_NEWNS) == 0);
  MUST(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  mount_at("tmpfs", "/mnt");
  write("/mnt/file", "outer\n");
  mount_at("tmpfs", "/mnt/inner");
  write("/mnt/inner/file", "inner\n");
  mount_at("proc", "/mnt/kernel");
  write("/mnt/bound", "covered\n");
  MUST(::mount("/mnt/inner/file", "/mnt/bound", nullptr, MS_BIND, nullptr) ==
       0);
  // What leads out of the cage, and what cannot be cloned.
  write("/mnt/pipe", "covered\n");
  MUST(::mkfifo("/mnt/inner/pipe", 0666) == 0);
  MUST(::mount("/mnt/inner/pipe", "/mnt/pipe", nullptr, MS_BIND, nullptr) == 0);
  write("/mnt/space", "covered\n");
  MUST(::mount("/proc/self/ns/net", "/mnt/space", nullptr, MS_BIND, nullptr) ==
       0);
  ::mkdir("/mnt/closed", 0700);
  mount_at("tmpfs", "/mnt/closed/inner");
  mount_at("tmpfs", "/srv");
  write("/srv/file", "masked\n");
  mount_at("tmpfs", "/srv/inner");
}

class HostRoot : public CageTest {
 protected:
  [[nodiscard]] std::string seen(const std::string& line) const {
    return in_place(
        [this] {
          set_up();
          if (extra_) extra_();
          if (GetParam() == Caller::Ordinary) become_ordinary();
        },
        [&line] {
          auto spec = shell_spec(line);
          spec.masks.emplace_back("/srv");
          const CellRun result = run_cell(spec);
          std::printf("%s%s", unlike_exit(result, 0).c_str(),
                      result.out.c_str());
          std::fflush(stdout);
          for (const char* name : {"/mnt/new", "/mnt/inner/new"}) {
            MUST(::access(name, F_OK) != 0);
          }
          std::ifstream file("/mnt/file");
          std::string text;
          std::getline(file, text);
          MUST(text == "outer");
        });
  }
  std::function<void()> extra_;
};
DRIFTCAGE_BOTH_CALLERS(HostRoot);

TEST_P(HostRoot, ShowsWhatIsMountedAndNotWhatThatHides) {
  DRIFTCAGE_ROOT_ONLY("mounts are made");
  EXPECT_EQ(seen("cat /mnt/file /mnt/inner/file /mnt/bound"),
            "outer\ninner\ninner\n");
  EXPECT_EQ(seen("ls /mnt | grep -v -e pipe -e space; ls /mnt/kernel"),
            "bound\nclosed\nfile\ninner\nkernel\n");
  EXPECT_EQ(seen("ls -A /srv; ls /sys"), "");
}

TEST_P(HostRoot, ShowsNothingThatLeadsOut) {
  DRIFTCAGE_ROOT_ONLY("mounts are made");
  EXPECT_EQ(seen("cat /mnt/pipe /mnt/space 2>/dev/null; test -p /mnt/pipe; "
                 "test $? = 1"),
            "");
}

TEST_P(HostRoot, AMountThatCannotBeTakenUncoversNothing) {
  DRIFTCAGE_ROOT_ONLY("mounts are made");
  extra_ = [] {
    MUST(::mkdir("/mnt/inner/under", 0755) == 0);
    write("/mnt/inner/under/file", "covered\n");
    mount_at("tmpfs", "/mnt/inner/under");
    MUST(::mount(nullptr, "/mnt/inner/under", nullptr, MS_UNBINDABLE,
                 nullptr) == 0);
  };
  EXPECT_EQ(seen("ls /mnt/inner/under"), "");
}

TEST_P(HostRoot, AMountThatWasMovedIsWhereItIs) {
  DRIFTCAGE_ROOT_ONLY("mounts are made");
  extra_ = [] {
    mount_at("tmpfs", "/media");
    write("/media/file", "moved\n");
    mount_at("tmpfs", "/mnt/late");
    MUST(::mkdir("/mnt/late/at", 0755) == 0);
    write("/mnt/late/at/file", "covered\n");
    MUST(::mount("/media", "/mnt/late/at", nullptr, MS_MOVE, nullptr) == 0);
  };
  EXPECT_EQ(seen("cat /mnt/late/at/file"), "moved\n");
}

TEST_P(HostRoot, ABoundFileCanBeReplaced) {
  DRIFTCAGE_ROOT_ONLY("mounts are made");
  EXPECT_EQ(seen("echo new >/tmp/n; mv /tmp/n /mnt/bound; cat /mnt/bound; "
                 "rm /mnt/bound; ls /mnt/bound 2>&1 | grep -c 'No such'"),
            "new\n1\n");
}

TEST_P(HostRoot, ModesDoNotDependOnTheCallersUmask) {
  DRIFTCAGE_ROOT_ONLY("mounts are made");
  extra_ = [] { ::umask(077); };
  EXPECT_EQ(seen("stat -c %a / /usr /etc"), "755\n755\n755\n");
}

TEST_P(HostRoot, IsNotChanged) {
  DRIFTCAGE_ROOT_ONLY("mounts are made");
  EXPECT_EQ(seen("echo new >/mnt/new; echo too >/mnt/bound; rm /mnt/file; "
                 "echo more >/mnt/inner/new; cat /mnt/new /mnt/bound "
                 "/mnt/inner/new; test -e /mnt/file || echo gone"),
            "new\ntoo\nmore\ngone\n");
}

TEST_P(HostRoot, ItsDirectoriesCanBeAddedTo) {
  for (const char* place : {"/", "/usr/", "/etc/", "/opt/"}) {
    const std::string name = std::string(place) + "driftcage-test";
    EXPECT_EQ(shell("echo x >" + name + "; cat " + name), "x\n");
    EXPECT_FALSE(std::filesystem::exists(name));
  }
}

}  // namespace
}  // namespace driftcage::testing
