// SPDX-License-Identifier: Apache-2.0
#include "harness/image/open.h"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/accounts.h"
#include "harness/image/fingerprint.h"
#include "harness/image/host_image.h"
#include "harness/image/oci.h"
#include "harness/image/recipe_build.h"
#include "harness/image/root_view.h"

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
       {"/etc/os-release", "/etc/ld.so.cache", "/var/lib/dpkg/status",
        "/lib/apk/db/installed", "/var/lib/rpm/rpmdb.sqlite"}) {
    key.add_file(image.root, file);
  }
  // On the host they move with unrelated changes.
  if (!image.is_host) {
    for (const char* file : {"/", "/bin", "/usr/bin", "/etc/passwd"})
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
  return image;
}

// The image of a record and its tree.
Image image_of(const std::string& reference, const ProvidedImage& provided) {
  Image image;
  image.reference = reference;
  image.root = provided.tree.root;
  image.environment = provided.image.config.environment;
  image.user = provided.image.config.user;
  image.working_directory = provided.image.config.working_directory;
  image.lease = provided.tree.lock;
  image.has_owners = provided.tree.has_owners;
  image.architecture = provided.image.config.architecture;
  // The tree never changes, but two images may run it with other variables.
  Fingerprint key;
  key.add(provided.tree.chain);
  key.add(image.user);
  for (const auto& [name, value] : image.environment)
    key.add(name + '=' + value);
  image.identity = "store-" + key.text();
  return image;
}

// What a program must find anywhere.
void complete_environment(Image& image) {
  auto& variables = image.environment;
  if (!image.is_host) variables.try_emplace("PATH", kImagePath);
  // An image that chooses a language has its reasons.
  if (!variables.contains("LANG") && !variables.contains("LC_ALL"))
    variables["LANG"] = variables["LC_ALL"] = "C.UTF-8";
  // Without it every program that prints a time opens /etc/localtime.
  variables.try_emplace("TZ", "UTC");
}

base::Result<Image> complete(Image image) {
  if (image.architecture.empty()) image.architecture = machine_architecture();
  complete_environment(image);
  if (!image.user.empty()) {
    Account account = DRIFTCAGE_TRY(find_account(image.root, image.user));
    image.uid = account.uid;
    image.gid = account.gid;
    image.groups = std::move(account.groups);
  }
  if (image.identity.empty()) image.identity = identity_of(image);
  return image;
}

}  // namespace

base::Result<Image> open_recorded(const Store& store,
                                  const StoredImage& image) {
  auto tree = DRIFTCAGE_TRY(store.find(image.chain));
  if (!tree) {
    return base::fail("open image", image.reference, ENOENT,
                      "the store has a record of it, but not its tree");
  }
  return complete(image_of(image.reference, {image, *std::move(tree), false}));
}

base::Result<ProvidedImage> open_stored(const Store& store,
                                        const std::string& reference,
                                        const OpenOptions& options,
                                        Warm* warm) {
  const auto source = DRIFTCAGE_TRY(parse_source(reference));
  if (source) return provide_image(store, *source, options.fetch);
  if (reference.find(':') != std::string::npos || !options.find_recipe) {
    return base::fail(
        "open image", reference, 0,
        "an image is host, dir:PATH, tar:PATH, oci:PATH[:TAG], "
        "docker-archive:PATH, docker://NAME or the name of a recipe, see "
        "`driftcage image list`");
  }
  const Recipe recipe = DRIFTCAGE_TRY(options.find_recipe(reference));
  ProvidedImage provided =
      DRIFTCAGE_TRY(provide_recipe(store, recipe, options.fetch));
  if (warm != nullptr) *warm = recipe.warm;
  return provided;
}

base::Result<Image> open_image(
    const std::string& reference,
    const std::map<std::string, std::string>& environment,
    const OpenOptions& options) {
  Image image;
  if (reference == "host") {
    image.reference = reference;
    image.root = "/";
    image.is_host = true;
    describe_host(environment, image);
  } else if (reference.starts_with("dir:")) {
    image = DRIFTCAGE_TRY(open_directory(reference));
  } else {
    const std::string folder = DRIFTCAGE_TRY(store_folder(environment));
    const Store store = DRIFTCAGE_TRY(Store::open(folder));
    Warm warm;
    const ProvidedImage provided =
        DRIFTCAGE_TRY(open_stored(store, reference, options, &warm));
    image = image_of(reference, provided);
    image.warm = std::move(warm);
  }
  return complete(std::move(image));
}

}  // namespace driftcage::image
