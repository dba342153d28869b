// SPDX-License-Identifier: Apache-2.0
// Cages with more than one user in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/image/image_test_kit.h"
#include "tests/must_work.h"

namespace driftcage::image_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kScenario = R"(
schema = 1
id     = "ids"
title  = "A checkout of somebody else's"
run    = ["git", "status"]
setup  = [["git", "init", "-q", "."]]

[needs]
features = ["ids>=2"]
tools    = { git = "*" }

[[fault]]
id    = "owner"
setup = [["chown", "-R", "1000:1000", "."]]

[expect]
exit   = "nonzero"
stderr = "dubious ownership"
never  = ["open $WORK/.git/index by git"]

[[fix]]
id  = "chown"
say = "Give it back."
run = ["chown", "-R", "0:0", "."]
)";

class Ids : public StoreTest {
 protected:
  // A line of sh(1) as an ordinary user, whose subordinate ids are `lines` in
  // subuid(5) and subgid(5): these files are covered in a mount namespace.
  Outcome as_user(const std::string& lines, const std::string& command) {
    shell(
        "mkdir -p home; chown 12345:12345 home; chmod 755 .\n"
        "printf 'root:x:0:0::/root:/bin/sh\\nme:x:12345:12345::/:/bin/sh\\n' "
        ">passwd");
    write("sub", lines);
    return cli_test::execute(
        {"unshare", "-m", "sh", "-ec",
         "mount --bind passwd /etc/passwd; mount --bind sub /etc/subuid\n"
         "mount --bind sub /etc/subgid; cd home; exec setpriv --reuid=12345 "
         "--regid=12345 --clear-groups env -i HOME=\"$PWD\" "
         "PATH=/usr/local/bin:/usr/bin:/bin sh -c \"$1\"",
         "sh", command},
        own());
  }
  static std::string traced(const std::string& line) {
    return std::string(DRIFTCAGE_PROGRAM) + " trace -o /dev/null -- sh -c '" +
           line + "'";
  }
  void need_root() {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can stage it";
    const Outcome doctor = cli_test::driftcage({"doctor"});
    DRIFTCAGE_SKIP_UNLESS_EMPTY(
        doctor.code == 0 ? "" : "no cages on this machine:\n" + doctor.out);
  }
};

constexpr const char* kChown =
    "touch f && chown 1000:2000 f && stat -c %u:%g f";

TEST_F(Ids, RootsCageHasManyUsers) {
  need_root();
  if (IsSkipped() || HasFatalFailure()) return;
  const Outcome outcome = cli_test::driftcage(
      {"trace", "-o", "/dev/null", "--", "sh", "-c", kChown}, own());
  EXPECT_EQ(outcome.out, "1000:2000\n") << outcome.err;
}

TEST_F(Ids, SubordinateIdsMakeOtherUsersReal) {
  need_root();
  if (IsSkipped() || HasFatalFailure()) return;
  need_program("newuidmap");
  if (IsSkipped() || HasFatalFailure()) return;
  const Outcome outcome = as_user("me:300000:65536\n", traced(kChown));
  EXPECT_EQ(outcome.out, "1000:2000\n") << outcome.err;
}

TEST_F(Ids, WithoutThemACageHasOneUser) {
  need_root();
  if (IsSkipped() || HasFatalFailure()) return;
  const Outcome outcome = as_user("other:300000:65536\n", traced(kChown));
  EXPECT_NE(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("Invalid argument"));
}

TEST_F(Ids, DubiousOwnershipIsRealOrSkipped) {
  need_root();
  if (IsSkipped() || HasFatalFailure()) return;
  need_program("git");
  need_program("newuidmap");
  if (IsSkipped() || HasFatalFailure()) return;
  write("home/scenarios/ids.toml", kScenario);
  const std::string run = std::string(DRIFTCAGE_PROGRAM) + " run ids";
  Outcome outcome = as_user("12345:300000:65536\n", run);
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("PASS"));
  outcome = as_user("", run);
  EXPECT_THAT(outcome.out, HasSubstr("SKIP"));
  EXPECT_THAT(outcome.out, HasSubstr("install uidmap"));
}

}  // namespace
}  // namespace driftcage::image_test
