// SPDX-License-Identifier: Apache-2.0
// Stored traces come from anywhere: whatever decodes must be bearable in every
// format, in whatever order it comes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <string>
#include <vector>

#include "harness/report/trace_writer.h"
#include "harness/wire/codec.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::report {
namespace {

std::string stream() {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/a:/b")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "openat", "/lib/libx.so.1", 0)
      .start(2, 1)
      .exec(2, "/x/pkg/tool/cgo", {"cgo", "-x"}, {"A=1", "B"})
      .call(2, "openat", "/closed/f", EACCES)
      .end(2, 2)
      .end(1);
  trace.records.emplace_back(model::Mapped{1, 1, 1, {{"/l", {1, 2, true}, 7}}});
  trace.records.emplace_back(wire::End{});
  std::string bytes;
  for (const auto& record : trace.records) wire::encode(record, bytes);
  return bytes;
}

TEST(TraceWriter, BearsDamagedRecordsInAnyOrder) {
  const std::string whole = stream();
  std::mt19937 random(7);  // NOLINT: the same run every time
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = whole;
    for (unsigned n = random() % 4; n > 0; --n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    wire::Decoder decoder;
    decoder.feed(bytes);
    std::vector<wire::Record> records;
    for (auto next = decoder.next(); next && *next; next = decoder.next())
      records.push_back(*std::move(*next));
    std::shuffle(records.begin(), records.end(), random);
    for (const auto format : {TraceFormat::Text, TraceFormat::Json,
                              TraceFormat::Strace, TraceFormat::Chrome}) {
      TraceOptions options;
      options.format = format;
      options.detail = TraceDetail::All;
      TraceWriter writer(options, [](std::string_view) {});
      for (const auto& record : records) writer.add(record);
      writer.finish();
    }
  }
}

}  // namespace
}  // namespace driftcage::report
