// SPDX-License-Identifier: Apache-2.0
#include "harness/report/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/base/sys.h"

namespace driftcage::report {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

scenario::Scenario one(const std::string& id) {
  scenario::Scenario scenario;
  scenario.id = id;
  scenario.title = "a | b";
  scenario.about = "Why.\n";
  scenario::OutputPattern output;
  output.text = "no such `thing`";
  scenario.expect.leg.output = {output};
  scenario::Fix right;
  right.id = "right";
  right.say = "Do it.";
  scenario::Fix wrong;
  wrong.id = "wrong";
  wrong.wrong = true;
  scenario.fixes = {right, wrong};
  return scenario;
}

class Record : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/driftcage-catalogue-XXXXXX";
    folder_ = mkdtemp(name);
    fs::create_directories(folder_ / "host/go/x");
    write("run.json",
          R"({"tool":"driftcage","images":[{"reference":"host","tools":)"
          R"({"go":{"version":"1.24.4"}}}]})");
    write("results.jsonl",
          R"({"id":"go/x","image":"host","verdict":"pass","reason":"",)"
          R"("folder":"host/go/x"})"
          "\n"
          R"({"id":"go/y","image":"host","verdict":"skip",)"
          R"("reason":"go is 1.24.4, wanted <1.20","folder":"host/go/y"})"
          "\n");
    write("host/go/x/result.json",
          R"({"variables":{"WORK":"/work"},"legs":[)"
          R"({"name":"control","lines":[{"kind":"see","line":"open $WORK/a",)"
          R"("first":[]}]},)"
          R"({"name":"fault","lines":[{"kind":"see","line":"open $WORK/a",)"
          R"("first":[{"verb":"open","abs":"/work/a","errno":"ENOENT",)"
          R"("program":"go"}]}]}]})");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::sys::write_file((folder_ / name).string(), text));
  }
  std::vector<CatalogueRun> runs() {
    auto read = read_catalogue_runs(folder_.string());
    EXPECT_TRUE(read) << read.error().message();
    return read ? *read : std::vector<CatalogueRun>{};
  }
  fs::path folder_;
};

TEST_F(Record, BecomesAColumn) {
  const std::string text =
      catalogue_text({one("go/x"), one("go/y"), one("run/z")}, runs(), "pages");
  EXPECT_THAT(text,
              HasSubstr("## go\n\n| case | what goes wrong | Go 1.24.4 |\n"
                        "|---|---|---|\n"
                        "| [`x`](pages/go-x.md) | a \\| b | pass |\n"
                        "| [`y`](pages/go-y.md) | a \\| b | – |\n"));
  EXPECT_THAT(text, HasSubstr("## run\n"));
  EXPECT_THAT(text, HasSubstr("| go is 1.24.4, wanted <1.20 | go/y |\n"));
}

TEST_F(Record, BecomesAPage) {
  const std::string text = case_text(one("go/x"), runs());
  EXPECT_THAT(text, HasSubstr("# a | b\n\n`driftcage run go/x`\n"));
  EXPECT_THAT(text, HasSubstr("## Symptom\n\n```\nno such `thing`\n```\n"));
  EXPECT_THAT(text, HasSubstr("## What happens\n\nWhy.\n"));
  EXPECT_THAT(text,
              HasSubstr("## In the trace (Go 1.24.4)\n\n"
                        "| line | | without the fault | with the fault |\n"
                        "|---|---|---|---|\n"
                        "| `open $WORK/a` | see | – | "
                        "`open $WORK/a = ENOENT by go` |\n"));
  EXPECT_THAT(text, HasSubstr("## What helps\n\n- Do it.\n"));
  EXPECT_THAT(text, HasSubstr("## What does not help\n\n- wrong\n"));
}

TEST_F(Record, OfTheSameGoCompletesTheColumn) {
  auto all = runs();
  CatalogueRun later;
  later.column = "Go 1.24.4";
  later.cases["go/y"] = {"pass", "", ""};
  add_run(later, &all);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].cases["go/x"].verdict, "pass");
  EXPECT_EQ(all[0].cases["go/y"].verdict, "pass");
  later.column = "Go 1.19.8";
  add_run(later, &all);
  EXPECT_EQ(all.size(), 2u);
}

TEST(Catalogue, RefusesWhatIsNoRecord) {
  EXPECT_FALSE(read_catalogue_runs("/nonexistent"));
}

TEST(Catalogue, IndexIsByMessage) {
  EXPECT_EQ(symptom_index({one("go/x"), one("b/y")}),
            "| message | case |\n|---|---|\n"
            "| `no such 'thing'` | [b/y](b-y.md), [go/x](go-x.md) |\n");
}

}  // namespace
}  // namespace driftcage::report
