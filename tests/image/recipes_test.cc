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
    if (doctor.code != 0) {
      if (std::getenv("DRIFTCAGE_MUST_WORK") != nullptr) FAIL() << doctor.out;
      GTEST_SKIP() << "no cages on this machine:\n" << doctor.out;
    }
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
