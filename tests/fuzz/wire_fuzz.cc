// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "harness/match/derive.h"
#include "harness/report/trace_writer.h"
#include "harness/wire/codec.h"

namespace wire = driftcage::wire;

namespace {

std::vector<wire::Record> decode(std::string_view bytes, bool& failed) {
  wire::Decoder decoder;
  decoder.feed(bytes);
  std::vector<wire::Record> records;
  while (true) {
    auto next = decoder.next();
    failed = !next.has_value();
    if (failed || !*next) return records;
    records.push_back(*std::move(*next));
  }
}

}  // namespace

// What can be decoded is encoded and decoded again to the same, and everything
// that reads stored traces bears it, in whatever order the records come.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  bool failed = false;
  const auto records = decode(
      std::string_view(reinterpret_cast<const char*>(data), size), failed);
  std::string bytes;
  for (const auto& record : records) wire::encode(record, bytes);
  if (decode(bytes, failed) != records || failed) std::abort();
  using driftcage::report::TraceFormat;
  for (const auto format : {TraceFormat::Text, TraceFormat::Json,
                            TraceFormat::Strace, TraceFormat::Chrome}) {
    driftcage::report::TraceOptions options;
    options.format = format;
    options.detail = driftcage::report::TraceDetail::All;
    driftcage::report::TraceWriter writer(options, [](std::string_view) {});
    for (const auto& record : records) writer.add(record);
    writer.finish();
  }
  return 0;
}
