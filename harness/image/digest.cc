// SPDX-License-Identifier: Apache-2.0
#include "harness/image/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "harness/base/sys.h"
#include "harness/image/interrupt.h"

namespace driftcage::image {
namespace {

constexpr std::string_view kPrefix = "sha256:";
constexpr std::size_t kDigits = 64;
constexpr std::size_t kBlock = 256u << 10;

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* evp = ::EVP_MD_CTX_new();
  Context() { ::EVP_DigestInit_ex(evp, ::EVP_sha256(), nullptr); }
  ~Context() { ::EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
  ::EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  ::EVP_DigestFinal_ex(context_->evp, raw.data(), &size);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text(kPrefix);
  for (unsigned i = 0; i < size; ++i) {
    text += kHex[raw[i] >> 4];
    text += kHex[raw[i] & 15];
  }
  return text;
}

std::string digest_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

bool is_digest(std::string_view text) {
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  return text.size() == kDigits &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string hex_of(std::string_view digest) {
  return std::string(digest.substr(std::min(digest.size(), kPrefix.size())));
}

std::string chain_id(const std::string& parent, const std::string& diff_id) {
  return parent.empty() ? diff_id : digest_of(parent + " " + diff_id);
}

base::Result<FileDigest> digest_file(const std::string& path) {
  const base::UniqueFd fd = DRIFTCAGE_TRY(base::sys::open(path, O_RDONLY));
  Sha256 hash;
  FileDigest result;
  std::vector<char> buffer(kBlock);
  while (true) {
    DRIFTCAGE_CHECK_OK(check_interrupt());
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return base::fail("read", path, errno);
    if (size == 0) break;
    hash.add({buffer.data(), static_cast<std::size_t>(size)});
    result.size += static_cast<std::uint64_t>(size);
  }
  result.digest = hash.finish();
  return result;
}

}  // namespace driftcage::image
