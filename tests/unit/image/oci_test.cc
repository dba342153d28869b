// SPDX-License-Identifier: Apache-2.0
// OCI layouts and `docker save` archives, made by hand: what is wrong in them
// no tool would write.
#include "harness/image/oci.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "harness/image/digest.h"
#include "harness/image/sources.h"
#include "tests/unit/image/store_maker.h"
#include "tests/unit/image/tar_maker.h"

namespace driftcage::image {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kManifestType =
    "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";

std::string other_architecture() {
  return machine_architecture() == "arm64" ? "amd64" : "arm64";
}

std::string layer_bytes(const std::string& text) {
  return TarMaker().file("file", text).bytes();
}

json config_of(const std::string& layer, const std::string& architecture) {
  return {
      {"architecture", architecture},
      {"os", "linux"},
      {"config",
       {{"Env", {"PATH=/opt/go/bin:/bin", "EMPTY=", "broken"}},
        {"User", "7:8"},
        {"WorkingDir", "/go"},
        {"Entrypoint", {"/entry"}},
        {"Cmd", {"a", "b"}}}},
      {"rootfs",
       {{"type", "layers"}, {"diff_ids", json::array({digest_of(layer)})}}}};
}

class Layout : public ::testing::Test {
 protected:
  json blob(const std::string& bytes, const char* type) {
    const std::string digest = digest_of(bytes);
    place_.file("layout/blobs/sha256/" + hex_of(digest), bytes);
    return {{"mediaType", type}, {"digest", digest}, {"size", bytes.size()}};
  }
  json manifest(const std::string& layer, const std::string& architecture,
                const std::string& variant = {}) {
    const json value{
        {"schemaVersion", 2},
        {"mediaType", kManifestType},
        {"config", blob(config_of(layer, architecture).dump(), "config")},
        {"layers", json::array({blob(layer, "layer")})}};
    json descriptor = blob(value.dump(), kManifestType);
    descriptor["platform"] = {{"os", "linux"}, {"architecture", architecture}};
    if (!variant.empty()) descriptor["platform"]["variant"] = variant;
    return descriptor;
  }
  void index(const json& manifests) {
    place_.file("layout/index.json",
                json{{"schemaVersion", 2}, {"manifests", manifests}}.dump());
  }
  [[nodiscard]] std::string layout() const { return place_.top() + "/layout"; }
  base::Result<ImageContent> read(const std::string& tag = {},
                                  const Platform& platform = {}) const {
    const auto files = DRIFTCAGE_TRY(ImageFiles::open_directory(layout()));
    return read_oci_layout(files, {"oci:x", tag, platform});
  }
  base::Result<ProvidedImage> provide(const std::string& reference) const {
    const auto source = DRIFTCAGE_TRY(parse_source(reference));
    return provide_image(place_.store(), *source, {});
  }
  [[nodiscard]] std::string layer_file(const std::string& layer) const {
    return layout() + "/blobs/sha256/" + hex_of(digest_of(layer));
  }

  StorePlace place_;
};

TEST_F(Layout, IsReadDownToItsConfiguration) {
  const std::string layer = layer_bytes("one");
  index(json::array({manifest(layer, machine_architecture())}));
  const auto content = read();
  ASSERT_TRUE(content) << content.error().message();
  EXPECT_EQ(content->chain(), digest_of(layer)) << "one layer: its DiffID";
  EXPECT_EQ(content->config.environment.at("PATH"), "/opt/go/bin:/bin");
  EXPECT_EQ(content->config.environment.at("EMPTY"), "");
  EXPECT_EQ(content->config.user, "7:8");
  EXPECT_EQ(content->config.working_directory, "/go");
  EXPECT_THAT(content->config.command, ::testing::ElementsAre("a", "b"));
}

TEST_F(Layout, OfSeveralPlatformsThisMachinesIsTaken) {
  const std::string mine = layer_bytes("mine");
  index(json::array({manifest(layer_bytes("other"), other_architecture()),
                     manifest(mine, machine_architecture())}));
  EXPECT_EQ(read()->chain(), digest_of(mine));
}

TEST_F(Layout, APlatformMayBeChosen) {
  const std::string six = layer_bytes("six");
  const std::string seven = layer_bytes("seven");
  index(
      json::array({manifest(layer_bytes("own"), machine_architecture()),
                   manifest(layer_bytes("armada"), "armada"),
                   manifest(six, "arm", "v6"), manifest(seven, "arm", "v7")}));
  EXPECT_EQ(read({}, {"arm", "v7"})->chain(), digest_of(seven));
  EXPECT_EQ(read({}, {"arm", ""})->chain(), digest_of(six));
  const auto none = read({}, {"arm", "v5"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message(), HasSubstr("nothing for linux/arm/v5"));
  EXPECT_THAT(none.error().hint, HasSubstr("linux/arm/v6, linux/arm/v7"));
}

#if defined(__x86_64__)
// What the store has is taken, or looked at again.
TEST_F(Layout, TheChosenPlatformStays) {
  const auto mine = layer_bytes("mine");
  const auto furnish = [&](const std::string& small) {
    index(json::array({manifest(mine, "amd64"), manifest(small, "386")}));
  };
  furnish(layer_bytes("other"));
  const auto source = *parse_source("oci:" + layout());
  const auto get = [&](std::optional<Platform> platform, bool refresh = false) {
    FetchOptions options;
    options.platform = std::move(platform);
    options.refresh = refresh;
    auto provided = provide_image(place_.store(), *source, options);
    EXPECT_TRUE(provided) << provided.error().message();
    return *std::move(provided);
  };
  EXPECT_EQ(get({}).image.config.architecture, "amd64");
  EXPECT_FALSE(get({}).fetched);
  EXPECT_FALSE(get(Platform{"amd64", ""}).fetched);
  EXPECT_TRUE(get(Platform{"386", ""}).fetched);
  EXPECT_FALSE(get({}).fetched);
  EXPECT_EQ(get({}, true).image.config.architecture, "386");
  // The layout changes, the choice does not.
  furnish(layer_bytes("newer"));
  const ProvidedImage newer = get({});
  EXPECT_TRUE(newer.fetched);
  EXPECT_EQ(newer.image.config.architecture, "386");
  // As older versions wrote it, and of a machine that shares the store.
  StoredImage record = get(Platform{"amd64", ""}).image;
  record.source_state.erase(0, std::string("linux/").size());
  ASSERT_TRUE(place_.store().put(record));
  EXPECT_FALSE(get({}).fetched);
  record.source_state.replace(0, 5, "linux/s390x");
  record.config.architecture = "s390x";
  ASSERT_TRUE(place_.store().put(record));
  EXPECT_EQ(get({}).image.config.architecture, "amd64");
}
#endif

TEST_F(Layout, AVariantMustBeTold) {
  const auto layer = layer_bytes("one");
  index(json::array({manifest(layer, "arm", "v7")}));
  EXPECT_TRUE(read({}, {"arm", "v7"}));
  EXPECT_TRUE(read({}, {"arm", ""}));
  EXPECT_THAT(read({}, {"arm", "v6"}).error().message(),
              HasSubstr("not for linux/arm/v6"));
  json silent = manifest(layer, "arm");
  silent.erase("platform");
  index(json::array({silent}));
  EXPECT_TRUE(read({}, {"arm", ""}));
  EXPECT_FALSE(read({}, {"arm", "v7"}));
}

TEST(PlatformName, IsRead) {
  const std::string own = machine_architecture();
  EXPECT_EQ(parse_platform("linux/" + own)->text(), "linux/" + own);
  EXPECT_EQ(parse_platform(own + "/v3")->text(), "linux/" + own + "/v3");
  // What every processor of the kind is.
  EXPECT_EQ(normal_variant("amd64", "v1"), "");
  EXPECT_EQ(normal_variant("arm64", "v8"), "");
  EXPECT_EQ(normal_variant("arm", "v8"), "v8");
  for (const char* wrong :
       {"", "linux", "/", "linux/", "windows/amd64", "a/b/c", "linux/s390x",
        "Linux/AMD64", "linux/amd64/v2/x"}) {
    EXPECT_FALSE(parse_platform(wrong)) << wrong;
  }
}

TEST_F(Layout, AnIndexMayLieInAnIndexWithAttestations) {
  const std::string mine = layer_bytes("mine");
  json attestation = manifest(layer_bytes("papers"), "unknown");
  attestation["annotations"] = {
      {"vnd.docker.reference.type", "attestation-manifest"}};
  const json inner{
      {"schemaVersion", 2},
      {"mediaType", kIndexType},
      {"manifests",
       json::array({manifest(mine, machine_architecture()), attestation})}};
  index(json::array({blob(inner.dump(), kIndexType)}));
  EXPECT_EQ(read()->chain(), digest_of(mine));
}

TEST_F(Layout, TheOneManifestMayStandInThePlaceOfTheIndex) {
  const std::string layer = layer_bytes("one");
  const json descriptor = manifest(layer, machine_architecture());
  const std::string bytes =
      base::sys::read_file(layout() + "/blobs/sha256/" +
                           hex_of(descriptor["digest"].get<std::string>()))
          .value();
  place_.file("layout/index.json", bytes);
  EXPECT_EQ(read()->chain(), digest_of(layer));
}

TEST_F(Layout, ATagChooses) {
  json one = manifest(layer_bytes("one"), machine_architecture());
  json two = manifest(layer_bytes("two"), machine_architecture());
  one["annotations"] = {{"org.opencontainers.image.ref.name", "one"}};
  two["annotations"] = {{"org.opencontainers.image.ref.name", "two"}};
  one.erase("platform");
  two.erase("platform");
  index(json::array({one, two}));
  EXPECT_EQ(read("two")->chain(), digest_of(layer_bytes("two")));
  EXPECT_THAT(read().error().hint, HasSubstr("one, two"));
  EXPECT_THAT(read("three").error().message(), HasSubstr("three"));
}

TEST_F(Layout, AnotherArchitectureIsRefused) {
  // skopeo copies a single manifest of another architecture without a word.
  json descriptor = manifest(layer_bytes("other"), other_architecture());
  index(json::array({descriptor}));
  EXPECT_THAT(read().error().message(), HasSubstr(other_architecture()));
  index(json::array({descriptor, descriptor}));
  EXPECT_THAT(read().error().hint, HasSubstr(other_architecture()));
}

TEST_F(Layout, OneDocumentIsNoIndexAndManifestAtOnce) {
  const std::string layer = layer_bytes("one");
  json both{
      {"schemaVersion", 2},
      {"config", blob(config_of(layer, machine_architecture()).dump(), "c")},
      {"layers", json::array({blob(layer, "l")})},
      {"manifests", json::array()}};
  index(json::array({blob(both.dump(), kManifestType)}));
  EXPECT_THAT(read().error().hint, HasSubstr("at once"));
  both.erase("manifests");
  both["mediaType"] = kIndexType;
  index(json::array({blob(both.dump(), kManifestType)}));
  EXPECT_THAT(read().error().hint, HasSubstr("disagree"));
}

TEST_F(Layout, ADamagedManifestIsNamed) {
  json descriptor = manifest(layer_bytes("one"), machine_architecture());
  const std::string file = layout() + "/blobs/sha256/" +
                           hex_of(descriptor["digest"].get<std::string>());
  std::string bytes = base::sys::read_file(file).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(base::sys::write_file(file, bytes));
  index(json::array({descriptor}));
  EXPECT_THAT(read().error().message(), HasSubstr("another digest"));
  ASSERT_TRUE(base::sys::write_file(file, bytes + " "));
  EXPECT_THAT(read().error().message(), HasSubstr("its descriptor says"));
}

TEST_F(Layout, DescriptorsMustMakeSense) {
  const json good = manifest(layer_bytes("one"), machine_architecture());
  for (const auto& [key, value] : std::vector<std::pair<std::string, json>>{
           {"digest", "sha256:../../../etc/passwd"},
           {"digest", "md5:00"},
           {"size", -1},
           {"size", "12"}}) {
    json bad = good;
    bad[key] = value;
    index(json::array({bad}));
    EXPECT_EQ(read().error().err, EINVAL) << value;
  }
  place_.file("layout/index.json", "[]");
  EXPECT_FALSE(read());
  place_.file("layout/index.json", "{\"manifests\": []}");
  EXPECT_EQ(read().error().err, ENOENT);
}

TEST_F(Layout, AnIndexInItselfEnds) {
  // Nothing can contain its own digest; a chain of indexes can be long.
  json descriptor = manifest(layer_bytes("one"), machine_architecture());
  for (int i = 0; i < 8; ++i) {
    const json value{{"mediaType", kIndexType},
                     {"manifests", json::array({descriptor})}};
    descriptor = blob(value.dump(), kIndexType);
  }
  index(json::array({descriptor}));
  EXPECT_EQ(read().error().err, ELOOP);
}

TEST_F(Layout, IsUnpackedOnceAndWatched) {
  index(json::array({manifest(layer_bytes("one"), machine_architecture())}));
  const auto first = provide("oci:" + layout());
  ASSERT_TRUE(first) << first.error().message() << first.error().hint;
  EXPECT_TRUE(first->fetched);
  EXPECT_EQ(base::sys::read_file(first->tree.root + "/file").value(), "one");
  const auto second = provide("oci:" + layout());
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->fetched);
  index(json::array({manifest(layer_bytes("two"), machine_architecture())}));
  const auto third = provide("oci:" + layout());
  ASSERT_TRUE(third);
  EXPECT_EQ(base::sys::read_file(third->tree.root + "/file").value(), "two");
}

TEST_F(Layout, ADamagedLayerIsRefusedAndLeavesNothing) {
  const std::string layer = layer_bytes("one");
  index(json::array({manifest(layer, machine_architecture())}));
  std::string bytes = layer;
  bytes[512] ^= 1;  // the file's content
  ASSERT_TRUE(base::sys::write_file(layer_file(layer), bytes));
  const auto damaged = provide("oci:" + layout());
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message(), HasSubstr("digest"));
  EXPECT_THAT(damaged.error().message(), HasSubstr("oci:" + layout() + ": "));
  ASSERT_TRUE(base::sys::write_file(layer_file(layer), layer.substr(0, 700)));
  const auto cut = provide("oci:" + layout());
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().message(), HasSubstr("its size is 700"));
  std::filesystem::remove(layer_file(layer));
  EXPECT_EQ(provide("oci:" + layout()).error().err, ENOENT);
  EXPECT_TRUE(std::filesystem::is_empty(place_.folder() + "/rootfs"));
}

TEST_F(Layout, ALinkDoesNotLeadOut) {
  const std::string layer = layer_bytes("one");
  index(json::array({manifest(layer, machine_architecture())}));
  place_.file("outside", layer);
  std::filesystem::remove(layer_file(layer));
  std::filesystem::create_symlink(place_.top() + "/outside", layer_file(layer));
  EXPECT_FALSE(provide("oci:" + layout()));
}

class DockerArchive : public Layout {
 protected:
  // What docker before version 25 wrote: a folder per layer, a link where two
  // images share one.
  TarMaker old_archive(const std::string& layer) const {
    TarMaker tar;
    const std::string config = config_of(layer, machine_architecture()).dump();
    tar.file("cafe.json", config);
    tar.file("base/layer.tar", layer);
    tar.symlink("shared/layer.tar", "../base/layer.tar");
    const json list =
        json::array({{{"Config", "cafe.json"},
                      {"RepoTags", {"team/ci:1", "registry.example.com/ci:2"}},
                      {"Layers", json::array({"shared/layer.tar"})}}});
    tar.file("manifest.json", list.dump());
    return tar;
  }
};

TEST_F(DockerArchive, OfBefore25) {
  const std::string layer = layer_bytes("old");
  const std::string file = place_.file("old.tar", old_archive(layer).bytes());
  for (const std::string tag : {"", ":team/ci:1", ":ci:2"}) {
    const auto image = provide("docker-archive:" + file + tag);
    ASSERT_TRUE(image) << tag << image.error().message();
    EXPECT_EQ(base::sys::read_file(image->tree.root + "/file").value(), "old");
    EXPECT_EQ(image->image.config.user, "7:8");
  }
  const auto none = provide("docker-archive:" + file + ":team/ci:3");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().hint, HasSubstr("team/ci:1"));
}

TEST_F(DockerArchive, OfAfter25ChecksItsDigests) {
  std::string layer = layer_bytes("new");
  const std::string config = config_of(layer, machine_architecture()).dump();
  const auto archive = [&](const std::string& config_bytes,
                           const std::string& layer_content) {
    TarMaker tar;
    const std::string blobs = "blobs/sha256/";
    tar.file(blobs + hex_of(digest_of(config)), config_bytes);
    tar.file(blobs + hex_of(digest_of(layer)), layer_content);
    tar.file("index.json", "{}");
    tar.file("manifest.json",
             json::array({{{"Config", blobs + hex_of(digest_of(config))},
                           {"Layers",
                            json::array({blobs + hex_of(digest_of(layer))})}}})
                 .dump());
    return place_.file("new.tar", tar.bytes());
  };
  auto image = provide("docker-archive:" + archive(config, layer));
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_THAT(provide("docker-archive:" + archive(config + " ", layer))
                  .error()
                  .message(),
              HasSubstr("another digest"));
  std::string changed = layer;
  changed[512] ^= 1;
  // The tree of the promised digest is there: nothing is unpacked again.
  EXPECT_TRUE(provide("docker-archive:" + archive(config, changed)));
  std::filesystem::remove_all(place_.folder());
  EXPECT_THAT(
      provide("docker-archive:" + archive(config, changed)).error().message(),
      HasSubstr("digest"));
}

TEST_F(DockerArchive, AFileSystemIsToldFromAnImage) {
  const std::string file =
      place_.file("root.tar", TarMaker().directory("etc").bytes());
  const auto image = provide("docker-archive:" + file);
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().hint, HasSubstr("tar:PATH"));
}

TEST_F(DockerArchive, LinksInACircleEnd) {
  TarMaker tar;
  tar.symlink("manifest.json", "other.json");
  tar.symlink("other.json", "manifest.json");
  const std::string file = place_.file("circle.tar", tar.bytes());
  EXPECT_FALSE(provide("docker-archive:" + file));
}

TEST(ParseSource, TellsKindsApart) {
  const StorePlace place;
  const std::string file = place.file("an:odd name.tar", "");
  EXPECT_FALSE(parse_source("bookworm-go1.19").value());
  EXPECT_EQ(parse_source("tar:" + file)->value().path, file);
  EXPECT_EQ(parse_source("docker-archive:" + file)->value().tag, "");
  const auto tagged = parse_source("oci:" + place.top() + ":v1")->value();
  EXPECT_EQ(tagged.path, place.top());
  EXPECT_EQ(tagged.tag, "v1");
  EXPECT_EQ(parse_source("docker://x:1")->value().kind, SourceKind::Remote);
  EXPECT_EQ(parse_source("tar:").error().err, EINVAL);
}

TEST(ParseSource, AMissingFileHasTheNameItHad) {
  const StorePlace place;
  const std::string file = place.file("one.tar", "");
  const std::string key = parse_source("tar:" + file)->value().key;
  const auto docker = parse_source("docker-archive:" + file)->value();
  std::filesystem::remove(file);
  EXPECT_EQ(parse_source("tar:" + file)->value().key, key);
  EXPECT_EQ(parse_source("docker-archive:" + file)->value().key, docker.key);
  const auto here = std::filesystem::current_path();
  EXPECT_EQ(parse_source("tar:no/such")->value().path, here / "no/such");
  const auto missing = provide_image(place.store(), docker, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().err, ENOENT);
  EXPECT_THAT(missing.error().message(), HasSubstr("docker-archive:" + file));
}

}  // namespace
}  // namespace driftcage::image
