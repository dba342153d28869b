// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

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

// What can be decoded is encoded, and decoded again to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  bool failed = false;
  const auto records = decode(bytes, failed);
  std::string again;
  for (const auto& record : records) wire::encode(record, again);
  if (decode(again, failed) != records || failed) std::abort();
  static_cast<void>(wire::decode_spec(bytes));
  return 0;
}
