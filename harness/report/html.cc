// SPDX-License-Identifier: Apache-2.0
#include "harness/report/html.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/base/redact.h"
#include "harness/report/case.h"
#include "harness/report/escape.h"
#include "harness/report/html_data.h"
#include "harness/report/html_page.h"
#include "harness/report/text.h"

namespace driftcage::report {
namespace {

using Json = nlohmann::ordered_json;

// Past it good results come without trees, past twice of it all.
constexpr std::size_t kMaxTrees = 12u << 20;

// Inside a script element no text may look like its end, or like a comment.
std::string script(const std::string& id, const Json& json) {
  const std::string text =
      json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return "<script type=\"application/json\" id=\"" + id + "\">" + safe +
         "</script>\n";
}

Json run_json(const run::Record& record) {
  Json images = Json::array();
  for (const run::RecordedImage& image : record.head().images) {
    std::string tools = image.facts.libc + " " + image.facts.libc_version;
    for (const model::Tool& tool : image.facts.tools) {
      tools += ", " + tool.name + " " + tool.version;
    }
    images.push_back({{"name", image.reference},
                      {"identity", image.identity},
                      {"tools", tools}});
  }
  Json rows = Json::array();
  for (const run::Summary& summary : record.results()) {
    rows.push_back(
        {{"id", summary.id},
         {"image", summary.image},
         {"round", summary.round},
         {"verdict", model::verdict_name(summary.verdict)},
         {"good", model::is_good(summary.verdict)},
         {"flaky", summary.flaky()},
         {"weak", summary.weak},
         {"seconds", static_cast<double>(summary.duration_ns) / 1e9},
         {"reason", printable_text(base::redact_text(summary.reason))}});
  }
  const run::RunHead& head = record.head();
  return {{"run", record.suite().run_id},
          {"started", record.started()},
          {"kernel", record.kernel()},
          {"shard", head.shard ? head.shard->text() : ""},
          {"seed",
           head.order == run::Order::Random ? Json(head.seed) : Json(nullptr)},
          {"summary", summary_text(record.suite(), {})},
          {"images", std::move(images)},
          {"rows", std::move(rows)}};
}

}  // namespace

base::Status write_html(const run::Record& record, Sink& sink) {
  const std::string_view page = kPage;
  constexpr std::string_view kMark = "<!--data-->";
  const std::size_t mark = page.find(kMark);
  sink.write(page.substr(0, mark));
  sink.write(script("run", run_json(record)));
  std::size_t written = 0;
  std::size_t number = 0;
  for (const run::Summary& summary : record.results()) {
    const run::ScenarioResult result = run::Record::load_or_error(summary);
    const bool good = model::is_good(summary.verdict);
    const bool trees = written < (good ? kMaxTrees : 2 * kMaxTrees);
    const std::string text =
        script("s" + std::to_string(number++), html_data(result, trees));
    written += text.size();
    sink.write(text);
  }
  sink.write(page.substr(mark + kMark.size()));
  return {};
}

}  // namespace driftcage::report
