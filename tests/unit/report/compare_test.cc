// SPDX-License-Identifier: Apache-2.0
#include "harness/report/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/report/touched.h"
#include "harness/wire/codec.h"

namespace driftcage::report {
namespace {

using model::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

TEST(SteadyLine, ReplacesWhatDiffersFromRunToRun) {
  EXPECT_EQ(steady_line("open $TMP/go-build2884331/b001/importcfg = ok"),
            "open $TMP/go-build{n}/b{n}/importcfg = ok");
  EXPECT_EQ(
      steady_line("open $GOCACHE/0a/0a" + std::string(62, '1') + "-d = ok"),
      "open $GOCACHE/{hash}/{hash}-d = ok");
  EXPECT_EQ(steady_line("open $GOMODCACHE/cache/download/example.com/m/@v/"
                        "v1.0.0.info160558496.tmp = ok"),
            "open $GOMODCACHE/cache/download/example.com/m/@v/"
            "v1.0.0.info{n}.tmp = ok");
  EXPECT_EQ(steady_line("open $HOME/.config/go/telemetry/local/"
                        "go@go1.24-linux-amd64-2026-11-26.v1.count = ok"),
            "open $HOME/.config/go/telemetry/local/"
            "go@go1.24-linux-amd64-{day}.v1.count = ok");
  EXPECT_EQ(steady_line("open /tmp/ccAb12Cd.s = ok"), "open /tmp/cc{n}.s = ok");
  EXPECT_EQ(steady_line("open /proc/17/stat = ok"), "open /proc/{n}/stat = ok");
  EXPECT_EQ(steady_line("open $TMP/cgo-gcc-input-1095581543.c = ok"),
            "open $TMP/cgo-gcc-input-{n}.c = ok");
  EXPECT_EQ(steady_line("open $WORK/.git/objects/1f/" + std::string(38, 'a') +
                        " = ok"),
            "open $WORK/.git/objects/{hash}/{hash} = ok");
  EXPECT_EQ(steady_line("open $WORK/.git/objects/1f/tmp_obj_iZKpND = ok"),
            "open $WORK/.git/objects/{hash}/tmp_obj_{n} = ok");
  EXPECT_EQ(steady_line("open $GOMODCACHE/cache/vcs/" + std::string(64, '1') +
                        "/tmH5DrB = ok"),
            "open $GOMODCACHE/cache/vcs/{hash}/t{n} = ok");
  EXPECT_EQ(steady_line("open /usr/lib/libabsl_base.so.20220623 = ok"),
            "open /usr/lib/libabsl_base.so.20220623 = ok");
  EXPECT_EQ(steady_line("open /usr/lib/libLLVM-14.so = ok"),
            "open /usr/lib/libLLVM-14.so = ok");
  EXPECT_EQ(steady_line("exec /usr/bin/gcc-12 = ok"),
            "exec /usr/bin/gcc-12 = ok");
}

TEST(SteadyLine, KnowsGosOtherTemporaryNames) {
  EXPECT_EQ(steady_line("open $TMP/go-link-2366474137/a.o = ok"),
            "open $TMP/go-link{n}/a.o = ok");
}

TEST(Folded, CountsFilesOfOneDirectory) {
  const std::vector<std::string> lines{"exec /bin/go = ok", "open /a/1 = ok",
                                       "open /a/2 = ok", "open /a/3 = ENOENT",
                                       "open /a/4 = ok"};
  EXPECT_THAT(folded(lines, 2),
              ElementsAre("exec /bin/go = ok", "open /a/3 = ENOENT",
                          "open /a/* = ok  (3 files)"));
}

class Compare : public ::testing::Test {
 protected:
  Compare() {
    std::string name = (fs::temp_directory_path() / "compareXXXXXX").string();
    top_ = ::mkdtemp(name.data());
  }
  ~Compare() override { fs::remove_all(top_); }

  run::ScenarioResult result(const std::string& image, Verdict verdict,
                             const std::vector<std::string>& opened) const {
    run::ScenarioResult result;
    result.scenario.id = "go/x";
    result.image = image;
    result.judgement.verdict = verdict;
    result.record_folder = top_ + "/" + image;
    fs::create_directories(result.record_folder + "/control");
    std::string bytes;
    std::uint64_t seq = 0;
    for (const std::string& path : opened) {
      model::Event event;
      event.seq = ++seq;
      event.process = 1;
      event.path = event.abs = path;
      wire::encode(event, bytes);
    }
    std::ofstream(result.record_folder + "/control/trace.dct") << bytes;
    result.legs.resize(1);
    result.legs[0].name = "control";
    result.legs[0].variables = {{"GOROOT", "/" + image}};
    return result;
  }

  std::string top_;
};

TEST_F(Compare, ShowsWhatOneImageTouchesOnly) {
  const auto pair =
      compare(result("a", Verdict::Pass, {"/a/src/fmt.go", "/etc/old"}),
              result("b", Verdict::Fail, {"/b/src/fmt.go", "/etc/new"}));
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_THAT(pair->only_before, ElementsAre("open /etc/old = ok"));
  EXPECT_THAT(pair->only_after, ElementsAre("open /etc/new = ok"));
  EXPECT_TRUE(pair->got_worse());

  const Comparison comparison{"a", "b", {*pair}};
  const std::string text = comparison_text(comparison, 20);
  EXPECT_THAT(text, HasSubstr("go/x  pass -> fail\n"));
  EXPECT_THAT(text, HasSubstr("- open /etc/old = ok\n+ open /etc/new = ok\n"));
  EXPECT_THAT(text, HasSubstr("1 verdict changed, for the worse\n"));
  EXPECT_THAT(comparison_markdown(comparison, 20),
              HasSubstr("| `go/x` | pass | **fail** |"));
  EXPECT_THAT(comparison_json(comparison), HasSubstr("\"worse\": true"));
}

TEST_F(Compare, ASkippedSideIsNotCompared) {
  auto skipped = result("a", Verdict::Skip, {"/etc/x"});
  skipped.judgement.reason = "no gcc on PATH of image a";
  skipped.legs.clear();
  const auto pair = compare(skipped, result("b", Verdict::Pass, {"/etc/y"}));
  ASSERT_TRUE(pair);
  EXPECT_THAT(pair->only_after, IsEmpty());
  EXPECT_FALSE(pair->got_worse());
  EXPECT_THAT(comparison_text({"a", "b", {*pair}}, 20),
              HasSubstr("before: no gcc on PATH"));
}

// The gate before a bump: the new image may have lost what was tried.
TEST_F(Compare, ASkipIsWorseThanAPass) {
  const auto skipped = result("b", Verdict::Skip, {});
  for (const Verdict verdict : {Verdict::Pass, Verdict::Xfail})
    EXPECT_TRUE(compare(result("a", verdict, {}), skipped)->got_worse());
  for (const Verdict verdict : {Verdict::Skip, Verdict::Fail})
    EXPECT_FALSE(compare(result("a", verdict, {}), skipped)->got_worse());
}

TEST_F(Compare, LongListsAreCutAndAllShowsThem) {
  std::vector<std::string> many;
  for (int i = 0; i < 30; ++i)
    many.push_back("/d" + std::to_string(i) + "/file");
  const auto pair =
      compare(result("a", Verdict::Pass, {}), result("b", Verdict::Pass, many));
  const Comparison comparison{"a", "b", {*pair}};
  EXPECT_THAT(comparison_text(comparison, 5), HasSubstr("+ ... and 25 more"));
  EXPECT_THAT(comparison_text(comparison, 0), Not(HasSubstr("more\n")));
}

TEST_F(Compare, AMissingTraceIsAnError) {
  auto broken = result("a", Verdict::Pass, {"/etc/x"});
  fs::remove_all(broken.record_folder);
  EXPECT_FALSE(compare(broken, result("b", Verdict::Pass, {})));
}

}  // namespace
}  // namespace driftcage::report
