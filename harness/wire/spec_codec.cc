// SPDX-License-Identifier: Apache-2.0
#include "harness/wire/codec.h"
#include "harness/wire/fields.h"

namespace driftcage::wire {

std::string encode_spec(const model::CageSpec& spec) {
  std::string bytes;
  Encode archive(bytes);
  archive(kVersion, spec);
  return bytes;
}

base::Result<model::CageSpec> decode_spec(std::string_view bytes) {
  Decode archive(bytes);
  std::uint32_t version = 0;
  model::CageSpec spec;
  archive(version);
  if (version != kVersion) {
    return base::fail("decode cage spec", "version " + std::to_string(version),
                      0, "driftcage and driftcage-cell are of two builds");
  }
  archive(spec);
  if (!archive.complete()) return base::fail("decode cage spec", "malformed");
  if (spec.network > model::Network::Host ||
      spec.proc > model::ProcView::None ||
      spec.trace.engine > model::Engine::Untraced) {
    return base::fail("decode cage spec", "value out of range");
  }
  return spec;
}

}  // namespace driftcage::wire
