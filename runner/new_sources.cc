// SPDX-License-Identifier: Apache-2.0
#include "runner/new_sources.h"

#include <filesystem>
#include <system_error>

#include "harness/base/sys.h"
#include "harness/report/escape.h"

namespace driftcage::runner {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

base::Status add_file(const fs::path& path, const std::string& name,
                      Files* files) {
  constexpr std::size_t kLargest = 64u << 10;
  constexpr std::size_t kMost = 64;
  std::string text = DRIFTCAGE_TRY(base::sys::read_file(path.string()));
  if (text.size() > kLargest || files->size() >= kMost) {
    return base::fail("take into the scenario", path.string(), 0,
                      "a scenario holds a few small files: make the example "
                      "smaller");
  }
  // What cannot be shown as it is cannot be written as TOML text either, but
  // for the carriage returns of a script that somebody reports.
  std::string shown = text;
  std::erase(shown, '\r');
  if (report::printable_text(shown) != shown) {
    return base::fail("take into the scenario", path.string(), 0,
                      "it is no text; write it as base64 into a draft, see "
                      "--draft");
  }
  (*files)[name] = std::move(text);
  return {};
}

base::Status add_folder(const fs::path& folder, Files* files) {
  std::error_code code;
  for (auto at = fs::recursive_directory_iterator(folder, code);
       !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    if (at->path().filename().string().starts_with('.')) {
      at.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    DRIFTCAGE_CHECK_OK(add_file(
        at->path(), at->path().lexically_relative(folder).string(), files));
  }
  if (code) return base::fail("read the folder", folder.string(), code.value());
  return {};
}

}  // namespace

base::Result<Files> files_of(const std::vector<std::string>& paths) {
  Files files;
  for (const std::string& given : paths) {
    const fs::path path = fs::path(given).lexically_normal();
    std::error_code code;
    if (fs::is_directory(path, code)) {
      DRIFTCAGE_CHECK_OK(add_folder(path, &files));
      continue;
    }
    const bool outside = path.is_absolute() || *path.begin() == "..";
    DRIFTCAGE_CHECK_OK(add_file(
        path, outside ? path.filename().string() : path.string(), &files));
  }
  return files;
}

}  // namespace driftcage::runner
