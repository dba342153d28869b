// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcage::image {

// Writes tar archives byte by byte: no tool would put into one what the
// hostile ones hold.
class TarMaker {
 public:
  struct Member {
    std::string name = {};
    char type = '0';  // ustar typeflag
    std::string link = {};
    std::string bytes = {};
    unsigned mode = 0644;
    unsigned long uid = 0;
    unsigned long gid = 0;
    unsigned major = 0;
    unsigned minor = 0;
    long mtime = 1'000'000'000;
    std::vector<std::pair<std::string, std::string>> pax = {};
  };

  TarMaker& add(const Member& member) {
    auto pax = member.pax;
    if (member.name.size() > 99) pax.emplace_back("path", member.name);
    if (member.link.size() > 99) pax.emplace_back("linkpath", member.link);
    if (!pax.empty()) {
      std::string records;
      for (const auto& [key, value] : pax) records += record(key, value);
      header({.name = "pax", .type = 'x'}, records.size());
      content(records);
    }
    header(member, member.bytes.size());
    content(member.bytes);
    return *this;
  }
  TarMaker& file(const std::string& name, const std::string& bytes,
                 unsigned mode = 0644) {
    return add({.name = name, .bytes = bytes, .mode = mode});
  }
  TarMaker& directory(const std::string& name, unsigned mode = 0755) {
    return add({.name = name, .type = '5', .mode = mode});
  }
  TarMaker& symlink(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '2', .link = target, .mode = 0777});
  }
  TarMaker& hard_link(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '1', .link = target});
  }
  [[nodiscard]] std::string bytes() const {
    return tar_ + std::string(1024, '\0');
  }

 private:
  // "<length> key=value\n", where the length counts itself.
  static std::string record(const std::string& key, const std::string& value) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length)
      length = std::to_string(length).size() + rest;
    return std::to_string(length) + " " + key + "=" + value + "\n";
  }
  static void octal(char* to, int digits, unsigned long value) {
    for (int i = digits; i-- > 0; value >>= 3)
      to[i] = static_cast<char>('0' + (value & 7));
  }
  void header(const Member& member, std::size_t size) {
    std::array<char, 512> block{};
    std::strncpy(block.data(), member.name.c_str(), 99);
    octal(&block[100], 7, member.mode);
    octal(&block[108], 7, member.uid);
    octal(&block[116], 7, member.gid);
    octal(&block[124], 11, size);
    octal(&block[136], 11, static_cast<unsigned long>(member.mtime));
    std::memset(&block[148], ' ', 8);
    block[156] = member.type;
    std::strncpy(&block[157], member.link.c_str(), 99);
    std::memcpy(&block[257], "ustar\00000", 8);
    octal(&block[329], 7, member.major);
    octal(&block[337], 7, member.minor);
    unsigned sum = 0;
    for (const char byte : block) sum += static_cast<unsigned char>(byte);
    octal(&block[148], 6, sum);
    tar_.append(block.data(), block.size());
  }
  void content(std::string_view bytes) {
    tar_ += bytes;
    tar_.append((512 - bytes.size() % 512) % 512, '\0');
  }

  std::string tar_;
};

}  // namespace driftcage::image
