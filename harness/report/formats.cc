// SPDX-License-Identifier: Apache-2.0
#include "harness/report/formats.h"

#include <algorithm>

#include "harness/base/path.h"
#include "harness/report/github.h"
#include "harness/report/go_test.h"
#include "harness/report/html.h"
#include "harness/report/jsonl.h"
#include "harness/report/junit.h"
#include "harness/report/sink.h"
#include "harness/report/tap.h"
#include "harness/scenario/diagnostic.h"

namespace driftcage::report {
namespace {

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const FormatInfo& info : formats()) list.emplace_back(info.name);
  return list;
}

base::Status write_stream(const run::Record& record, Stream& stream,
                          Sink& sink) {
  sink.write(stream.begin(record.suite().planned));
  for (const run::Summary& summary : record.results()) {
    const run::ScenarioResult result = run::Record::load_or_error(summary);
    sink.write(stream.add(result));
  }
  sink.write(stream.end(record.suite()));
  return {};
}

// Several steps of a job share the file of the summary.
Sink::Mode mode_of(std::string_view format) {
  return format == "github-summary" ? Sink::Mode::Append : Sink::Mode::Replace;
}

}  // namespace

const std::vector<FormatInfo>& formats() {
  static const std::vector<FormatInfo> list{
      {"text", "for people", true},
      {"junit", "JUnit XML, for CI systems", false},
      {"jsonl", "a JSON object per result; docs/results.schema.json", true},
      {"go-test", "the stream of go test -json, for gotestsum", true},
      {"tap", "Test Anything Protocol 14", true},
      {"github", "text with GitHub's annotations", true},
      {"github-summary", "Markdown for GITHUB_STEP_SUMMARY", false},
      {"html", "one page, needs nothing else", false}};
  return list;
}

std::string format_choices(bool only_streams) {
  std::string text;
  for (const FormatInfo& info : formats()) {
    if (only_streams && !info.streams) continue;
    if (!text.empty()) text += '|';
    text += info.name;
  }
  return text;
}

std::unique_ptr<Stream> make_stream(std::string_view format,
                                    const TextStyle& style) {
  if (format == "text") return text_stream(style);
  if (format == "jsonl") return jsonl_stream();
  if (format == "go-test") return go_test_stream();
  if (format == "tap") return tap_stream();
  if (format == "github") return github_stream(style);
  return nullptr;
}

base::Status check_place(const ReportRequest& request,
                         const std::string& record) {
  if (!record.empty() && base::path::is_below(base::path::clean(request.file),
                                              base::path::clean(record))) {
    return {};
  }
  return Sink::check_place(request.file, mode_of(request.format));
}

base::Status write_report(const run::Record& record, const std::string& format,
                          const std::string& file, const TextStyle& style) {
  Sink sink = DRIFTCAGE_TRY(Sink::open(file, mode_of(format)));
  if (const auto stream = make_stream(format, style)) {
    DRIFTCAGE_CHECK_OK(write_stream(record, *stream, sink));
  } else if (format == "junit") {
    DRIFTCAGE_CHECK_OK(write_junit(record, sink));
  } else if (format == "html") {
    DRIFTCAGE_CHECK_OK(write_html(record, sink));
  } else {
    DRIFTCAGE_CHECK_OK(write_github_summary(record, sink));
  }
  return sink.done();
}

base::Result<ReportRequest> parse_request(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string format = text.substr(0, equals);
  const std::vector<std::string> known = names();
  if (std::find(known.begin(), known.end(), format) == known.end()) {
    const std::string near = scenario::nearest(format, known);
    return base::fail("make a report", "\"" + text + "\"", 0,
                      "there is no format \"" + format + "\"" +
                          (near.empty() ? "; there are " + format_choices(false)
                                        : "; did you mean " + near + "?"));
  }
  if (equals == std::string::npos || equals + 1 == text.size()) {
    return base::fail("make a report", "\"" + text + "\"", 0,
                      "say where: " + format + "=FILE, - is standard output");
  }
  return ReportRequest{format, text.substr(equals + 1)};
}

}  // namespace driftcage::report
