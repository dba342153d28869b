// SPDX-License-Identifier: Apache-2.0
#include "harness/wire/codec.h"

#include <cstring>

#include "harness/wire/fields.h"

namespace driftcage::wire {
namespace {

constexpr std::size_t kHeader = 4;

// A record's kind is its index in the Record variant.
template <class T, std::size_t I = 0>
constexpr std::size_t kind_of() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<I, Record>>) {
    return I;
  } else {
    return kind_of<T, I + 1>();
  }
}

template <class T>
void encode_as(const T& value, std::string& out) {
  const std::size_t start = out.size();
  out.append(kHeader, '\0');
  out.push_back(static_cast<char>(kind_of<T>()));
  Encode archive(out);
  archive(value);
  const auto length = static_cast<std::uint32_t>(out.size() - start - kHeader);
  for (std::size_t i = 0; i < kHeader; ++i) {
    out[start + i] = static_cast<char>(length >> (8 * i));
  }
}

template <std::size_t I = 0>
bool decode_as(std::size_t kind, std::string_view body, Record& record) {
  if constexpr (I == std::variant_size_v<Record>) {
    return false;
  } else {
    if (kind != I) return decode_as<I + 1>(kind, body, record);
    Decode archive(body);
    archive(record.emplace<I>());
    return archive.complete();
  }
}

// Enumerations index tables elsewhere: a value from outside must not.
bool in_range(const Record& record) {
  if (const auto* event = std::get_if<model::Event>(&record)) {
    return event->verb <= model::Verb::Load &&
           event->syscall <= model::Syscall::Unknown &&
           event->abi <= model::Abi::Arm &&
           event->cause <= model::Cause::Injected &&
           (!event->elf || event->elf->kind <= model::ElfKind::WrongArch);
  }
  if (const auto* end = std::get_if<End>(&record)) {
    return end->outcome <= Outcome::Leak;
  }
  return true;
}

}  // namespace

void encode(const model::Event& event, std::string& out) {
  encode_as(event, out);
}

void encode(const Record& record, std::string& out) {
  std::visit([&out](const auto& value) { encode_as(value, out); }, record);
}

void Decoder::feed(std::string_view bytes) {
  // Consumed bytes are dropped only now and then: moving the rest of the
  // buffer for every record would make decoding quadratic.
  if (at_ > 0 && (at_ == buffer_.size() || at_ > (1u << 20))) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
}

base::Result<std::optional<Record>> Decoder::next() {
  if (failed_) return base::fail("decode trace", "stream already failed");
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() < kHeader) return std::optional<Record>();
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kHeader; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i]))
              << (8 * i);
  }
  if (length == 0 || length > kMaxRecord) {
    failed_ = true;
    return base::fail("decode trace",
                      "record of " + std::to_string(length) + " bytes", 0,
                      "the trace is damaged or not a driftcage trace");
  }
  if (rest.size() < kHeader + length) return std::optional<Record>();
  const auto kind = static_cast<unsigned char>(rest[kHeader]);
  Record record;
  if (!decode_as(kind, rest.substr(kHeader + 1, length - 1), record) ||
      !in_range(record)) {
    failed_ = true;
    return base::fail("decode trace",
                      "malformed record of kind " + std::to_string(kind));
  }
  if (const auto* hello = std::get_if<Hello>(&record);
      hello != nullptr && hello->version != kVersion) {
    failed_ = true;
    return base::fail("decode trace",
                      "version " + std::to_string(hello->version), 0,
                      "this driftcage reads version " +
                          std::to_string(kVersion) + "; run it again");
  }
  last_ = kHeader + length;
  at_ += last_;
  return std::optional<Record>(std::move(record));
}

}  // namespace driftcage::wire
