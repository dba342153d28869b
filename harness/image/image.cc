// SPDX-License-Identifier: Apache-2.0
#include "harness/image/image.h"

#include <array>
#include <cerrno>
#include <string_view>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/fingerprint.h"
#include "harness/image/host_image.h"
#include "harness/image/oci.h"
#include "harness/image/root_view.h"
#include "harness/image/stored_image.h"

namespace driftcage::image {
namespace {

// What container engines give an image that says nothing, and where the
// official images have their Go.
constexpr const char* kImagePath =
    "/usr/local/go/bin:"
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Reading a whole tree is out of the question, so the key watches what a
// package upgrade or another toolchain version cannot leave untouched.
std::string identity_of(const Image& image) {
  Fingerprint key;
  key.add(image.is_host ? "host" : "dir");
  key.add(image.architecture);
  for (const auto& [name, value] : image.environment)
    key.add(name + '=' + value);
  for (const char* tool : {"go", "gcc", "cc", "clang", "ld", "git"}) {
    const std::string program = find_program(image, tool);
    key.add(tool);
    if (!program.empty()) key.add_file(image.root, program);
    if (program.empty() || std::string_view(tool) != "go") continue;
    const auto go = look_up(image.root, program);
    const std::string top(base::path::dir_name(base::path::dir_name(go->path)));
    key.add_file(image.root, base::path::absolute(top, "VERSION"));
  }
  for (const char* file :
       {"/", "/etc/os-release", "/etc/ld.so.cache", "/var/lib/dpkg/status",
        "/lib/apk/db/installed", "/var/lib/rpm/rpmdb.sqlite"}) {
    // The time stamp of the host's own root moves with unrelated changes.
    if (image.is_host && std::string_view(file) == "/") continue;
    key.add_file(image.root, file);
  }
  return (image.is_host ? "host-" : "dir-") + key.text();
}

base::Result<Image> open_directory(const std::string& reference) {
  Image image;
  image.reference = reference;
  const std::string given = reference.substr(4);
  std::array<char, 4096> resolved{};
  if (given.empty() || ::realpath(given.c_str(), resolved.data()) == nullptr) {
    return base::fail("open image", reference, given.empty() ? EINVAL : errno,
                      "dir: takes the path of a root file system");
  }
  image.root = resolved.data();
  if (!is_directory(image.root, "/")) {
    return base::fail("open image", reference, ENOTDIR,
                      "dir: takes the path of a root file system");
  }
  image.environment["PATH"] = kImagePath;
  return image;
}

}  // namespace

base::Result<Image> open_image(
    const std::string& reference,
    const std::map<std::string, std::string>& environment) {
  Image image;
  if (reference == "host") {
    image.reference = reference;
    image.root = "/";
    image.is_host = true;
    describe_host(environment, image);
  } else if (reference.starts_with("dir:")) {
    image = DRIFTCAGE_TRY(open_directory(reference));
  } else {
    const auto source = DRIFTCAGE_TRY(parse_source(reference));
    if (!source) {
      return base::fail("open image", reference, 0,
                        "an image is host, dir:PATH, tar:PATH, oci:PATH[:TAG], "
                        "docker-archive:PATH or docker://NAME");
    }
    image = DRIFTCAGE_TRY(open_stored_image(*source, environment, {}));
    image.environment.try_emplace("PATH", kImagePath);
  }
  image.architecture = machine_architecture();
  image.environment["LANG"] = "C.UTF-8";
  image.environment["LC_ALL"] = "C.UTF-8";
  // Without it every program that prints a time opens /etc/localtime.
  image.environment["TZ"] = "UTC";
  if (image.identity.empty()) image.identity = identity_of(image);
  return image;
}

std::string find_program(const Image& image, const std::string& name) {
  const auto value = image.environment.find("PATH");
  if (name.empty() || value == image.environment.end()) return {};
  for (const std::string& directory : base::path::split_list(value->second)) {
    const std::string candidate = base::path::absolute(directory, name);
    if (is_program(image.root, candidate)) return candidate;
  }
  return {};
}

}  // namespace driftcage::image
