// SPDX-License-Identifier: Apache-2.0
// Real recipes from the machine's own Debian mirror, and scenarios over them.
// The store is kept in the build folder, or in the home of a user who may not
// write there, so that the next test downloads nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/image/image_test_kit.h"
#include "tests/must_work.h"

namespace driftcage::image_test {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* kBookworm = "bookworm-go1.19";
constexpr const char* kTrixie = "trixie-go1.24";
constexpr const char* kAlpine = "alpine-like-go1.23";

class Recipes : public StoreTest {
 protected:
  void SetUp() override {
    need_program("apt-get");
    if (IsSkipped() || HasFatalFailure()) return;
    const Outcome doctor = cli_test::driftcage({"doctor"});
    DRIFTCAGE_SKIP_UNLESS_EMPTY(
        doctor.code == 0 ? "" : "no cages on this machine:\n" + doctor.out);
    setting_ = own();
    setting_.set["XDG_CACHE_HOME"] = kept_store();
    setting_.set["DRIFTCAGE_IMAGES"] = DRIFTCAGE_SOURCE_DIR "/images";
    setting_.set["DRIFTCAGE_SCENARIOS"] = DRIFTCAGE_SOURCE_DIR "/scenarios";
  }
  static std::string kept_store() {
    const char* home = std::getenv("HOME");
    const std::string build = DRIFTCAGE_BUILD_DIR;
    const bool writable = ::access(build.c_str(), W_OK) == 0;
    return (writable || home == nullptr ? build : std::string(home)) +
           "/image-store-" + std::to_string(::geteuid());
  }
  Outcome run(const std::vector<std::string>& arguments) const {
    return cli_test::driftcage(arguments, setting_);
  }
  json facts(const std::string& name) const {
    const Outcome build = run({"image", "build", name});
    EXPECT_EQ(build.code, 0) << build.err;
    const Outcome outcome = run({"image", "inspect", "--json", name});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false).value("facts", json());
  }

  Setting setting_;
};

TEST_F(Recipes, ScenariosOverTwoGosAndARootWithoutGlibc) {
  const Outcome outcome =
      run({"run", "--image", kBookworm, "--image", kTrixie, "--image", kAlpine,
           "go/goroot-missing", "go/path-missing-gcc"});
  EXPECT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  for (const char* image : {kBookworm, kTrixie}) {
    EXPECT_THAT(outcome.out, ContainsRegex(std::string("PASS +go/goroot-missing"
                                                       " .*on ") +
                                           image));
    EXPECT_THAT(
        outcome.out,
        ContainsRegex(std::string("PASS +go/path-missing-gcc .*on ") + image));
  }
  EXPECT_THAT(
      outcome.out,
      ContainsRegex(std::string("PASS +go/goroot-missing .*on ") + kAlpine));
  EXPECT_THAT(outcome.out,
              ContainsRegex(std::string("SKIP +go/path-missing-gcc .*on ") +
                            kAlpine + ".*no gcc on PATH"));
}

TEST_F(Recipes, FactsTellTheToolchains) {
  const json debian = facts(kBookworm);
  EXPECT_EQ(debian["libc"], "glibc");
  EXPECT_THAT(debian["go_toolchains"].dump(), HasSubstr("1.19"));
  EXPECT_EQ(debian["loader"].get<std::string>().find("/lib"), 0u);
  const json alpine = facts(kAlpine);
  EXPECT_EQ(alpine["libc"], "musl");
  EXPECT_THAT(alpine["loader"].get<std::string>(), HasSubstr("ld-musl-"));
  EXPECT_THAT(alpine["go_toolchains"].dump(), HasSubstr("1.23"));
}

TEST_F(Recipes, AnImageDoesNotDifferFromItself) {
  const Outcome outcome =
      run({"compare", kAlpine, kAlpine, "go/goroot-missing"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, std::string("- ") + kAlpine + "\n+ " + kAlpine +
                             "\n\ngo/goroot-missing  pass\n\n1 scenario, 0 "
                             "verdicts changed\n");
}

TEST_F(Recipes, CompareShowsWhatABumpChanges) {
  const Outcome outcome =
      run({"compare", kBookworm, kTrixie, "go/path-missing-gcc"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("- exec .*/12/cc1 = ok"));
  EXPECT_THAT(outcome.out, ContainsRegex("\\+ exec .*/14/cc1 = ok"));
}

TEST_F(Recipes, TreesOfOtherImagesCanBeMounted) {
  write(
      "scenarios/mix/other-goroot.toml", std::string(R"(
schema = 1
id     = "mix/other-goroot"
title  = "A tree of another image"
run    = ["grep", "-q", "go1.23", "/opt/go/VERSION"]

[[fault]]
id = "other"
mount."/opt/go" = { from = { image = ")") + kAlpine +
                                             R"(", path = "/usr/lib/go-1.23" } }

[control]
exit = "nonzero"

[expect]
exit = 0
see  = ["open /opt/go/VERSION = ok by grep"]

[[fix]]
id     = "away"
say    = "Take it away."
lift   = ["other"]
expect = { exit = "nonzero" }
)");
  Setting setting = setting_;
  setting.set["DRIFTCAGE_SCENARIOS"] = at("scenarios");
  const Outcome outcome = cli_test::driftcage(
      {"run", "--image", kBookworm, "mix/other-goroot"}, setting);
  EXPECT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("PASS"));
}

TEST_F(Recipes, AGlibcProgramFailsOnMuslAsItDoesOnAlpine) {
  ASSERT_EQ(run({"image", "build", kAlpine}).code, 0);
  // Any program of this machine that asks for glibc's loader.
  shell("cp /bin/ls program");
  const Outcome outcome = run({"trace", "--image", kAlpine, "--", "./program"});
  EXPECT_EQ(outcome.code, 127);
  EXPECT_THAT(outcome.err, HasSubstr("no-loader"));
  EXPECT_THAT(outcome.err, HasSubstr("ENOENT"));
  const Outcome in_shell = run(
      {"trace", "--image", kAlpine, "--", "sh", "-c", "./program; echo $?"});
  EXPECT_EQ(in_shell.out, "127\n");
  EXPECT_THAT(in_shell.err, HasSubstr("program: not found"));
}

// apt leaves out what lies in its working directory: a plan must not.
TEST_F(Recipes, FilesInTheWorkingDirectoryDoNotMatter) {
  write("images/tiny.toml",
        "schema = 1\ntitle = \"t\"\n[debian]\nsuites = [\"bookworm\"]\n"
        "packages = [\"musl\", \"busybox-static\"]\nbase = false\n"
        "dependencies = false\n");
  Setting setting = own();
  setting.set["DRIFTCAGE_IMAGES"] = at("images");
  const std::vector<std::string> build{"image", "build", "tiny"};
  ASSERT_EQ(cli_test::driftcage(build, setting).code, 0);
  const std::string before = root_of("tiny");
  const std::string blobs = at("cache/driftcage/images/blobs/sha256");
  shell("for f in " + blobs +
        "/*; do n=$(dpkg-deb -f $f Package)_$(dpkg-deb -f $f Version | sed "
        "s/:/%3a/)_$(dpkg-deb -f $f Architecture).deb; cp $f $n; done");
  shell("rm -rf cache");
  ASSERT_EQ(cli_test::driftcage(build, setting).code, 0);
  EXPECT_EQ(root_of("tiny"), before);
}

TEST_F(Recipes, TheImagesOwnUserAndEnvironmentAreTheBaseline) {
  write("images/nobody.toml",
        "schema = 1\ntitle = \"t\"\nuser = \"nobody\"\n[debian]\n"
        "suites = [\"bookworm\"]\npackages = [\"musl\", "
        "\"busybox-static\"]\nbase = false\ndependencies = false\n"
        "[[link]]\nto = \"busybox\"\nat = [\"/bin/sh\", \"/bin/id\"]\n"
        "[files]\n\"/etc/passwd\" = \"nobody:x:65534:65534::/:/bin/sh\\n\"\n"
        "[env]\nGREETING = \"hi\"\n");
  Setting setting = own();
  setting.set["DRIFTCAGE_IMAGES"] = at("images");
  const Outcome outcome = cli_test::driftcage(
      {"trace", "--image", "nobody", "--", "sh", "-c",
       "id -u; echo $GREETING; echo x >$HOME/x && echo home"},
      setting);
  EXPECT_EQ(outcome.out, "65534\nhi\nhome\n") << outcome.err;
}

// The mark that the recipe's command leaves in the build cache is there in a
// warm leg and not in a cold one.
TEST_F(Recipes, WarmCommandsBecomeALayer) {
  const std::string alpine = cli_test::read_text(
      std::string(DRIFTCAGE_SOURCE_DIR "/images/") + kAlpine + ".toml");
  write("images/warmed.toml",
        alpine +
            "\n[warm]\nrun = [[\"sh\", \"-c\", \"cp mark "
            "$(go env GOCACHE)/mark\"]]\n[warm.files]\nmark = \"warm\"\n");
  write("scenarios/warm.toml", R"(
schema = 1
id     = "warm"
title  = "A cache without the mark"
run    = ["cat", "/home/cage/.cache/go-build/mark"]

[[fault]]
id    = "cold"
cache = "cold"

[expect]
exit = "nonzero"
see  = ["open **/mark = ENOENT by cat"]

[[fix]]
id   = "warm"
say  = "Start with the warm cache."
lift = ["cold"]
)");
  Setting setting = setting_;
  setting.set["DRIFTCAGE_IMAGES"] = at("images");
  setting.set["DRIFTCAGE_SCENARIOS"] = at("scenarios");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome =
        cli_test::driftcage({"run", "--image", "warmed", "warm"}, setting);
    EXPECT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr("PASS"));
  }
}

TEST_F(Recipes, MistakesSayWhatToDo) {
  Outcome outcome = run({"run", "--image", "bookworm-go1.91", "go/goenv-off"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean \"bookworm-go1.19\"?"));
  outcome = run({"image", "build", "--mirror", "http://127.0.0.1:9/debian",
                 "--refresh", kBookworm});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("is there a network?"));
  outcome = run(
      {"image", "build", "--mirror", "not a mirror", "--refresh", kBookworm});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("a mirror is a URI"));
  EXPECT_EQ(run({"image", "build", "docker://x"}).code, 2);
  EXPECT_EQ(run({"image", "pull", kBookworm}).code, 2);
}

}  // namespace
}  // namespace driftcage::image_test
