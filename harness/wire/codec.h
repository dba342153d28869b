// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/model/cage_spec.h"
#include "harness/wire/record.h"

// Length-prefixed records, little endian: u32 length of what follows, u8 kind,
// body. Integers of the body are LEB128, strings are length and bytes.
namespace driftcage::wire {

// Appends one record to `out`; one overload per hot record so that the tracer
// builds no variant.
void encode(const model::Event& event, std::string& out);
void encode(const Record& record, std::string& out);

// Splits a byte stream into records. Never trusts a length: a record over
// kMaxRecord, an unknown kind or a short body is an error, after which the
// decoder stays failed.
class Decoder {
 public:
  static constexpr std::size_t kMaxRecord = 16u << 20;

  void feed(std::string_view bytes);
  // Empty when more bytes are needed.
  [[nodiscard]] base::Result<std::optional<Record>> next();
  // The bytes of the record that next() gave, until the next call of anything.
  [[nodiscard]] std::string_view last() const {
    return std::string_view(buffer_).substr(at_ - last_, last_);
  }
  // Bytes fed that belong to no complete record yet: not 0 at the end of a
  // stream means that it was cut.
  [[nodiscard]] std::size_t pending() const { return buffer_.size() - at_; }

 private:
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t last_ = 0;  // length of the record before at_
  bool failed_ = false;
};

// The spec travels the other way, once per cell, as one block.
[[nodiscard]] std::string encode_spec(const model::CageSpec& spec);
[[nodiscard]] base::Result<model::CageSpec> decode_spec(std::string_view bytes);

}  // namespace driftcage::wire
