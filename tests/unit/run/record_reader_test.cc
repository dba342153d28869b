// SPDX-License-Identifier: Apache-2.0
#include "harness/run/record_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/rejudge.h"
#include "tests/unit/run/record_maker.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
using model::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ReaderTest : public WithFolder {
 protected:
  static void rewrite(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::trunc) << text;
  }
  static std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(ReaderTest, GivesBackWhatWasWritten) {
  Made bad{"go/x", Verdict::NoRepro};
  bad.stderr_text = "cat: data.txt\n";
  bad.retried = 1;
  const Record record = make("r", {{"go/y"}, bad});
  EXPECT_TRUE(record.complete());
  EXPECT_THAT(record.notes(), IsEmpty());
  EXPECT_EQ(record.head().images[0].facts.tools[0].version, "1.24.1");
  EXPECT_EQ(record.suite().verdicts[static_cast<int>(Verdict::NoRepro)], 1u);
  EXPECT_EQ(record.suite().duration_ns, 5'000'000'000u);
  ASSERT_EQ(record.results().size(), 2u);
  const Summary& summary = record.results()[1];
  EXPECT_EQ(summary.id, "go/x");
  EXPECT_EQ(summary.retried, 1u);
  const auto result = Record::load(summary);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->scenario.id, "go/x");
  EXPECT_EQ(result->scenario.expect.see.size(), 1u);
  EXPECT_EQ(result->judgement.verdict, Verdict::NoRepro);
  EXPECT_EQ(result->judgement.leg, "fault");
  ASSERT_EQ(result->judgement.findings.size(), 1u);
  const match::Finding& finding = result->judgement.findings[0];
  EXPECT_EQ(finding.at.line, 15u);
  EXPECT_EQ(finding.closest[0].program, "cat");
  EXPECT_EQ(finding.closest[0].differs, "result");
  ASSERT_EQ(result->legs.size(), 3u);
  EXPECT_EQ(result->legs[1].stderr_text, "cat: data.txt\n");
  EXPECT_EQ(result->legs[1].end.status.text(), "exit 1");
  EXPECT_EQ(result->legs[1].variables.at("WORK"), "/work");
  EXPECT_EQ(result->retried[0].reason, "took too long");
}

TEST_F(ReaderTest, ARecordThatWasCutIsReadAsFarAsItGoes) {
  make("r", {{"go/x"}, {"go/y", Verdict::Fail}, {"go/z"}});
  const fs::path lines = dir_ / "r/results.jsonl";
  const std::string text = text_of(lines);
  rewrite(lines, text.substr(0, text.size() - 20));
  rewrite(dir_ / "r/run.json", [&] {
    std::string run = text_of(dir_ / "r/run.json");
    return run.replace(run.find("\"complete\": true"), 16,
                       "\"complete\": false");
  }());
  // What was decided is in its folder, too.
  const auto decided = Record::open((dir_ / "r").string());
  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->results().size(), 3u);
  EXPECT_EQ(decided->results()[2].id, "go/z");
  EXPECT_EQ(decided->suite().not_run(), 0u);
  const std::string last = text_of(dir_ / "r/host/go/z/result.json");
  rewrite(dir_ / "r/host/go/z/result.json", last.substr(0, last.size() / 2));
  const auto record = Record::open((dir_ / "r").string());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->results().size(), 2u);
  // Counted anew: nothing that was cut off counts as good.
  EXPECT_EQ(record->suite().verdicts[static_cast<int>(Verdict::Pass)], 1u);
  EXPECT_EQ(record->suite().verdicts[static_cast<int>(Verdict::Fail)], 1u);
  EXPECT_EQ(record->suite().not_run(), 1u);
  ASSERT_EQ(record->missing().size(), 1u);
  EXPECT_EQ(record->missing()[0].id, "go/z");
  EXPECT_THAT(record->notes(),
              testing::Contains(HasSubstr("results.jsonl is cut off")));
}

// A run writes an empty folder when it could not make one.
TEST_F(ReaderTest, ALineWithoutAFolderStaysTheOnlyOne) {
  make("r", {{"go/x"}, {"go/y", Verdict::Fail}});
  const fs::path lines = dir_ / "r/results.jsonl";
  std::string text = text_of(lines);
  const std::string folder = "\"folder\":\"host/go/y\"";
  ASSERT_NE(text.find(folder), std::string::npos);
  text.replace(text.find(folder), folder.size(), "\"folder\":\"\"");
  rewrite(lines, text);
  std::string run = text_of(dir_ / "r/run.json");
  rewrite(dir_ / "r/run.json", run.replace(run.find("\"complete\": true"), 16,
                                           "\"complete\": false"));
  const auto record = Record::open((dir_ / "r").string());
  ASSERT_TRUE(record);
  ASSERT_EQ(record->results().size(), 2u);
  EXPECT_EQ(record->results()[1].verdict, Verdict::Error);
}

// It was good, and nobody knows what it was.
TEST_F(ReaderTest, AResultThatCannotBeReadIsAnError) {
  const Record before = make("r", {{"go/x"}, {"go/y"}});
  const std::string folder = before.folder() + "/host/go/x";
  const std::string file = folder + "/result.json";
  const std::string whole = text_of(file);
  const auto expect_lost = [&](const std::string& why) {
    auto record = Record::open(before.folder());
    ASSERT_TRUE(record);
    ASSERT_EQ(record->results().size(), 2u);
    const auto shown = Record::load_or_error(record->results()[0]);
    EXPECT_EQ(shown.judgement.verdict, Verdict::Error);
    EXPECT_THAT(shown.judgement.reason, HasSubstr(why));
    record->check_results();
    EXPECT_EQ(record->suite().verdicts[static_cast<int>(Verdict::Error)], 1u);
    EXPECT_EQ(record->suite().verdicts[static_cast<int>(Verdict::Pass)], 1u);
    ASSERT_EQ(record->missing().size(), 1u);
    EXPECT_EQ(record->missing()[0].id, "go/x");
    const auto result = Record::load(record->results()[0]);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->scenario.id, "go/x");
    EXPECT_EQ(result->judgement.verdict, Verdict::Error);
    EXPECT_THAT(result->judgement.reason, HasSubstr(why));
  };
  for (const std::size_t left :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, whole.size() - 2}) {
    rewrite(file, whole.substr(0, left));
    expect_lost("damaged or cut off");
  }
  rewrite(file,
          std::string(whole).replace(whole.find("\"legs\""), 6, "{{{{{{"));
  expect_lost("damaged or cut off");
  rewrite(file, "7");
  expect_lost("damaged or cut off");
  rewrite(file, "{\"schema\": 99}");
  expect_lost("it has schema 99");
  rewrite(file, "{\"schema\": \"x\"}");
  expect_lost("type must be number");
  fs::remove(file);
  expect_lost("result.json");
  rewrite(file, whole);
  fs::remove(folder + "/scenario.toml");
  expect_lost("scenario.toml");
}

TEST_F(ReaderTest, NonsenseIsAnErrorAndNoCrash) {
  make("r", {{"go/x"}});
  for (const char* bad :
       {"", "[]", "{}", "{\"tool\":\"driftcage\"}",
        "{\"tool\":\"driftcage\",\"schema\":99}",
        "{\"tool\":\"driftcage\",\"schema\":2,\"images\":7}",
        "{\"tool\":\"driftcage\",\"schema\":2,\"verdicts\":{\"pass\":\"x\"}}",
        "{\"tool\":\"driftcage\",\"schema\":2,\"jobs\":\"two\"}"}) {
    rewrite(dir_ / "r/run.json", bad);
    EXPECT_FALSE(Record::open((dir_ / "r").string())) << bad;
  }
  EXPECT_FALSE(Record::open((dir_ / "none").string()));
  EXPECT_FALSE(Record::open(dir_.string()));
}

TEST_F(ReaderTest, FindsRunsByTheirNames) {
  const std::string runs = (dir_ / "state/driftcage/runs").string();
  fs::create_directories(runs);
  for (const char* id : {"20260101-000000-aaaa", "20260102-000000-bbbb"}) {
    make(std::string("state/driftcage/runs/") + id, {{"go/x"}});
  }
  const std::string second = runs + "/20260102-000000-bbbb";
  EXPECT_EQ(find_record("bbbb").value(), second);
  EXPECT_EQ(find_record("20260102").value(), second);
  EXPECT_EQ(find_record(second).value(), second);
  const auto both = find_record("2026");
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error().hint, HasSubstr("more than one"));
  EXPECT_FALSE(find_record(""));
  EXPECT_FALSE(find_record("latest"));
  EXPECT_THAT(find_record("20260102-000000-bbbc").error().hint,
              HasSubstr("did you mean 20260102-000000-bbbb"));
  EXPECT_EQ(run_name_of(second + "/host/go/x"), "bbbb");
}

TEST_F(ReaderTest, JudgesAgainFromTraces) {
  const Record record = make("r", {{"go/x", Verdict::NoRepro}});
  const auto stored = Record::load(record.results()[0]);
  ASSERT_TRUE(stored);
  const auto again = rejudge(record, *stored, stored->scenario);
  ASSERT_TRUE(again) << again.error().message();
  // The traces say so, whatever was recorded.
  EXPECT_EQ(again->judgement.verdict, Verdict::Pass);

  std::string source = scenario_text("go/x");
  source.replace(source.find("= ENOENT"), 8, "= EACCES");
  const auto edited = scenario::parse(source, "x.toml");
  ASSERT_TRUE(edited);
  EXPECT_EQ(needs_a_run(record, "host", stored->scenario, *edited), "");
  const auto wrong = rejudge(record, *stored, *edited);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->judgement.verdict, Verdict::NoRepro);
}

TEST_F(ReaderTest, ATraceThatWasCutIsNeverAPass) {
  const Record record = make("r", {{"go/x"}});
  const auto stored = Record::load(record.results()[0]);
  ASSERT_TRUE(stored);
  const fs::path trace = stored->record_folder + "/fault/trace.dct";
  const auto size = fs::file_size(trace);
  for (std::uintmax_t left = 0; left < size; ++left) {
    fs::resize_file(trace, left);
    const auto again = rejudge(record, *stored, stored->scenario);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->judgement.verdict, Verdict::Error) << left;
    write_trace(trace, false);
  }
  fs::remove(trace);
  EXPECT_EQ(rejudge(record, *stored, stored->scenario)->judgement.verdict,
            Verdict::Error);
}

TEST_F(ReaderTest, ExpectedFailuresCountAsOnTheDayOfTheRun) {
  const Record record = make("r", {{"go/x"}});
  auto stored = Record::load(record.results()[0]);
  ASSERT_TRUE(stored);
  std::string source = scenario_text("go/x");
  source.replace(source.find("= ENOENT"), 8, "= EACCES");
  const std::string today = record.started().substr(0, 10);
  const auto judged_with = [&](const std::string& more) {
    const auto edited = scenario::parse(source + more, "x.toml");
    EXPECT_TRUE(edited) << more;
    const auto again = rejudge(record, *stored, *edited);
    EXPECT_TRUE(again);
    return again->judgement.verdict;
  };
  const std::string why = "\n[[xfail]]\nwhy = \"known\"\n";
  EXPECT_EQ(judged_with(why + "until = " + today + "\n"), Verdict::Xfail);
  EXPECT_EQ(judged_with(why + "until = 2020-01-01\n"), Verdict::Expired);
  EXPECT_EQ(judged_with(why + "until = " + today + "\nimage = \"no*\"\n"),
            Verdict::NoRepro);
  // What a file of waivers said during the run is in its record.
  scenario::Xfail waiver;
  waiver.why = "waived";
  waiver.until = today;
  waiver.waiver = true;
  stored->xfail = waiver;
  EXPECT_EQ(judged_with(""), Verdict::Xfail);
}

TEST_F(ReaderTest, AnEditOfTheCageNeedsARun) {
  const Record record = make("r", {{"go/x"}});
  const auto stored = Record::load(record.results()[0]);
  ASSERT_TRUE(stored);
  const auto why = [&](const std::string& from, const std::string& to) {
    std::string source = scenario_text("go/x");
    source.replace(source.find(from), from.size(), to);
    const auto edited = scenario::parse(source, "x.toml");
    EXPECT_TRUE(edited) << to;
    return needs_a_run(record, "host", stored->scenario, *edited);
  };
  EXPECT_EQ(why("exit = 1", "exit = 2"), "");
  EXPECT_EQ(why("title  = \"A", "title  = \"Another"), "");
  EXPECT_THAT(why("here\\n", "there\\n"), HasSubstr("another cage"));
  EXPECT_THAT(why("\"cat\", \"data.txt\"]", "\"cat\", \"x\"]"),
              HasSubstr("another cage"));
  EXPECT_THAT(why("\"open $WORK", "\"readlink $WORK"),
              HasSubstr("not recorded"));
  EXPECT_THAT(why("put-it-back", "other"), HasSubstr("other legs"));
  // What was there in one of them only.
  EXPECT_THAT(why("title  =", "cache = \"warm\"\ntitle  ="),
              HasSubstr("another cage"));
  EXPECT_EQ(why("title  =", "cache = \"cold\"\ntitle  ="), "");
}

}  // namespace
}  // namespace driftcage::run
