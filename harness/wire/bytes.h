// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Writer and Reader share one `field` vocabulary, so that a type is described
// once (see fields.h) and both directions agree by construction.
namespace driftcage::wire {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  void bytes(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }

 private:
  std::string& out_;
};

// Never reads past its input; after the first short or oversized item every
// further one yields zero and `ok()` is false.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == in_.size()) break;
      const auto byte = static_cast<unsigned char>(in_[at_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    at_ = in_.size();
    return 0;
  }
  std::string_view bytes() {
    const std::uint64_t size = varint();
    if (size > in_.size() - at_) {
      ok_ = false;
      at_ = in_.size();
      return {};
    }
    const std::string_view value = in_.substr(at_, size);
    at_ += size;
    return value;
  }
  [[nodiscard]] std::size_t left() const { return in_.size() - at_; }
  [[nodiscard]] bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    at_ = in_.size();
  }

 private:
  std::string_view in_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

// Small negative numbers (AT_FDCWD, -1) stay small.
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^
         static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

class Encode {
 public:
  static constexpr bool kReading = false;
  explicit Encode(std::string& out) : writer_(out) {}

  template <class... Values>
  void operator()(const Values&... values) {
    (put(values), ...);
  }

 private:
  template <class T>
  void put(const T& value);

  Writer writer_;
};

class Decode {
 public:
  static constexpr bool kReading = true;
  explicit Decode(std::string_view in) : reader_(in) {}

  template <class... Values>
  void operator()(Values&... values) {
    (get(values), ...);
  }
  // True when everything was well formed and nothing is left over.
  [[nodiscard]] bool complete() const {
    return reader_.ok() && reader_.left() == 0;
  }

 private:
  template <class T>
  void get(T& value);
  // A list cannot have more elements than bytes left: bounds what a hostile
  // length can allocate.
  std::size_t count() {
    const std::uint64_t size = reader_.varint();
    if (size <= reader_.left()) return size;
    reader_.fail();
    return 0;
  }
  template <std::size_t I = 0, class... Ts>
  void alternative(std::variant<Ts...>& value, std::size_t index) {
    if constexpr (I == sizeof...(Ts)) {
      reader_.fail();
    } else if (index == I) {
      get(value.template emplace<I>());
    } else {
      alternative<I + 1>(value, index);
    }
  }

  Reader reader_;
};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... Ts>
struct IsVariant<std::variant<Ts...>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class K, class V>
struct IsMap<std::map<K, V>> : std::true_type {};

template <class T>
void Encode::put(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    writer_.varint(value ? 1 : 0);
  } else if constexpr (std::is_enum_v<T>) {
    writer_.varint(static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_unsigned_v<T>) {
    writer_.varint(value);
  } else if constexpr (std::is_signed_v<T>) {
    writer_.varint(zigzag(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    writer_.bytes(value);
  } else if constexpr (IsOptional<T>::value) {
    put(value.has_value());
    if (value) put(*value);
  } else if constexpr (IsVector<T>::value) {
    writer_.varint(value.size());
    for (const auto& item : value) put(item);
  } else if constexpr (IsMap<T>::value) {
    writer_.varint(value.size());
    for (const auto& [key, item] : value) {
      put(key);
      put(item);
    }
  } else if constexpr (IsVariant<T>::value) {
    writer_.varint(value.index());
    std::visit([this](const auto& item) { this->put(item); }, value);
  } else {
    // `fields` describes both directions and so takes a mutable reference; an
    // Encode only reads through it.
    fields(*this, const_cast<T&>(value));
  }
}

template <class T>
void Decode::get(T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = reader_.varint() != 0;
  } else if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {
    value = static_cast<T>(reader_.varint());
  } else if constexpr (std::is_signed_v<T>) {
    value = static_cast<T>(unzigzag(reader_.varint()));
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = reader_.bytes();
  } else if constexpr (IsOptional<T>::value) {
    bool present = false;
    get(present);
    value.reset();
    if (present) get(value.emplace());
  } else if constexpr (IsVector<T>::value) {
    value.clear();
    const std::size_t size = count();
    for (std::size_t i = 0; i < size && reader_.ok(); ++i) {
      get(value.emplace_back());
    }
  } else if constexpr (IsMap<T>::value) {
    value.clear();
    const std::size_t size = count();
    for (std::size_t i = 0; i < size && reader_.ok(); ++i) {
      typename T::key_type key;
      get(key);
      get(value[key]);
    }
  } else if constexpr (IsVariant<T>::value) {
    alternative(value, reader_.varint());
  } else {
    fields(*this, value);
  }
}

}  // namespace driftcage::wire
