// SPDX-License-Identifier: Apache-2.0
#include "harness/wire/call.h"

#include "harness/wire/bytes.h"

namespace driftcage::wire {

std::string encode_call(const Call& call) {
  std::string bytes;
  Encode archive(bytes);
  archive(call.words, call.environment, call.directory, call.umask);
  return bytes;
}

base::Result<Call> decode_call(std::string_view bytes) {
  Decode archive(bytes);
  Call call;
  archive(call.words, call.environment, call.directory, call.umask);
  if (!archive.complete() || call.words.empty()) {
    return base::fail("decode call", "malformed");
  }
  return call;
}

}  // namespace driftcage::wire
