#include "datasets/catalog/croissant.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace frugal::data {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// The terms as the specification's appendix abbreviates them; readers want it literally.
OrderedJson context() {
  OrderedJson terms{{"@language", "en"}, {"@vocab", "https://schema.org/"}};
  for (const char* const term :
       {"citeAs",   "column",   "extract", "field",     "fileObject",  "fileProperty", "fileSet",   "format",
        "includes", "jsonPath", "key",     "md5",       "parentField", "path",         "recordSet", "references",
        "regex",    "repeated", "replace", "separator", "source",      "subField",     "transform"})
    terms[term] = std::string("cr:") + term;
  terms["conformsTo"] = "dct:conformsTo";
  terms["cr"] = "http://mlcommons.org/croissant/";
  terms["data"] = {{"@id", "cr:data"}, {"@type", "@json"}};
  terms["dataType"] = {{"@id", "cr:dataType"}, {"@type", "@vocab"}};
  terms["dct"] = "http://purl.org/dc/terms/";
  terms["examples"] = {{"@id", "cr:examples"}, {"@type", "@json"}};
  terms["isLiveDataset"] = "cr:isLiveDataset";
  terms["rai"] = "http://mlcommons.org/croissant/RAI/";
  terms["sc"] = "https://schema.org/";
  return terms;
}

/// By the ending, as servers do.
std::string media_type(const std::string& path) {
  constexpr std::pair<std::string_view, const char*> types[] = {{".zip", "application/zip"},
                                                                {".gz", "application/gzip"},
                                                                {".tgz", "application/gzip"},
                                                                {".csv", "text/csv"},
                                                                {".tsv", "text/tab-separated-values"},
                                                                {".png", "image/png"},
                                                                {".jpg", "image/jpeg"},
                                                                {".wav", "audio/wav"},
                                                                {".whl", "application/zip"}};
  for (const auto& [ending, type] : types)
    if (path.ends_with(ending)) return type;
  return "text/plain";
}

void add_hashes(const ManifestFile& file, OrderedJson& object) {
  if (file.bytes > 0) object["contentSize"] = std::to_string(file.bytes) + " B";
  if (!file.sha256.empty()) object["sha256"] = file.sha256;
  if (!file.md5.empty()) object["md5"] = file.md5;
}

/// An archive is a file of its own, once, and its members name it.
OrderedJson files_of(const Manifest& manifest) {
  OrderedJson files = OrderedJson::array();
  std::set<std::string> archives;
  for (const ManifestFile& file : manifest.files) {
    OrderedJson object{{"@type", "cr:FileObject"}, {"@id", file.path}, {"name", file.path}};
    if (!file.member.empty() && !file.url.empty()) {
      if (archives.insert(file.url).second) {
        OrderedJson archive{{"@type", "cr:FileObject"},
                            {"@id", file.url},
                            {"name", file.url.substr(file.url.rfind('/') + 1)},
                            {"contentUrl", file.url},
                            {"encodingFormat", media_type(file.url)}};
        if (!file.archive_md5.empty()) archive["md5"] = file.archive_md5;
        files.push_back(std::move(archive));
      }
      object["containedIn"] = {{"@id", file.url}};
      object["contentUrl"] = file.member;
    } else {
      object["contentUrl"] = file.url.empty() ? file.path : file.url;
    }
    object["encodingFormat"] = media_type(file.path);
    add_hashes(file, object);
    files.push_back(std::move(object));
  }
  return files;
}

/// Of ratings in one file whose header names the columns: others have no columns that Croissant could name.
OrderedJson records_of(const Manifest& manifest) {
  OrderedJson sets = OrderedJson::array();
  if (manifest.reader != Reader::ratings || manifest.files.size() != 1 || manifest.table.value("header", "") != "yes")
    return sets;
  OrderedJson fields = OrderedJson::array();
  const Json& columns = manifest.table.at("columns");
  for (const auto& [role, type] : {std::pair{"user", "sc:Text"}, std::pair{"item", "sc:Text"},
                                   std::pair{"rating", "sc:Float"}, std::pair{"time", "sc:Integer"}}) {
    const std::string column = columns.at(role);
    if (column == "none") continue;
    fields.push_back(
        {{"@type", "cr:Field"},
         {"@id", std::string("interactions/") + role},
         {"name", role},
         {"dataType", type},
         {"source", {{"fileObject", {{"@id", manifest.files.front().path}}}, {"extract", {{"column", column}}}}}});
  }
  sets.push_back(
      {{"@type", "cr:RecordSet"}, {"@id", "interactions"}, {"name", "interactions"}, {"field", std::move(fields)}});
  return sets;
}

}  // namespace

std::string to_croissant(const Manifest& manifest) {
  OrderedJson json{{"@context", context()},
                   {"@type", "sc:Dataset"},
                   {"conformsTo", "http://mlcommons.org/croissant/1.0"},
                   {"name", manifest.name},
                   {"description", manifest.title},
                   {"license", manifest.licence},
                   {"citeAs", manifest.citation}};
  if (!manifest.homepage.empty()) json["url"] = manifest.homepage;
  json["distribution"] = files_of(manifest);
  if (OrderedJson records = records_of(manifest); !records.empty()) json["recordSet"] = std::move(records);
  return json.dump(2) + "\n";
}

}  // namespace frugal::data
