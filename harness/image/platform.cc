// SPDX-License-Identifier: Apache-2.0
#include "harness/image/platform.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "harness/base/path.h"

namespace driftcage::image {

std::string machine_architecture() {
  struct ::utsname host {};
  if (::uname(&host) != 0) return {};
  std::string machine = host.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine == "i686" || machine == "i386") return "386";
  return machine;
}

bool is_runnable(const std::string& architecture) {
  const std::string machine = machine_architecture();
  return architecture == machine ||
         (machine == "amd64" && architecture == "386") ||
         (machine == "arm64" && architecture == "arm");
}

std::string normal_variant(const std::string& architecture,
                           const std::string& variant) {
  const bool usual = (architecture == "amd64" && variant == "v1") ||
                     (architecture == "arm64" && variant == "v8");
  return usual ? std::string() : variant;
}

std::string Platform::text() const {
  return "linux/" + architecture + (variant.empty() ? "" : "/" + variant);
}

base::Result<Platform> parse_platform(const std::string& text) {
  const auto fail = [&text](const std::string& hint) {
    return base::fail("choose the platform", text, EINVAL, hint);
  };
  std::vector<std::string_view> parts = base::path::components(text);
  if (!parts.empty() && parts.front() == "linux") parts.erase(parts.begin());
  const std::string machine = "linux/" + machine_architecture();
  if (parts.empty() || parts.size() > 2 || text.front() == '/' ||
      text.back() == '/' ||
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/") !=
          std::string::npos) {
    return fail("it has the form linux/ARCH[/VARIANT], as " + machine);
  }
  Platform platform;
  platform.architecture = parts.front();
  if (parts.size() == 2) {
    platform.variant =
        normal_variant(platform.architecture, std::string(parts.back()));
  }
  if (!is_runnable(platform.architecture)) {
    return fail("this machine runs " + machine +
                "; programs for another would fail with \"exec format "
                "error\"");
  }
  return platform;
}

}  // namespace driftcage::image
