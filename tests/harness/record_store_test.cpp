// The store: what a crash may leave behind, and what must not be mixed into one record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/record/provenance.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Store : public ::testing::Test {
 protected:
  /// A run of two cells.
  void make_run() {
    ResultStore store(folder(), provenance, {});
    store.append(fixtures::fake_record(1));
    store.append(fixtures::fake_record(2));
  }
  std::filesystem::path folder() const { return scratch / "deep/run"; }
  std::filesystem::path cells() const { return folder() / "cells.jsonl"; }
  std::string error_of_opening(const Provenance& now) {
    return fixtures::user_error_of([&] { ResultStore(folder(), now, {}); });
  }

  ScratchFolder scratch;
  Provenance provenance = fixtures::fake_provenance();
};

TEST_F(Store, WhatIsAppendedIsReadBack) {
  make_run();
  const auto run = load_run(folder());
  ASSERT_EQ(run.cells.size(), 2);
  EXPECT_EQ(run.cells[1].to_json(), fixtures::fake_record(2).to_json());
  EXPECT_EQ(run.provenance.to_json(), provenance.to_json());
  EXPECT_EQ(load_run(cells()).cells.size(), 2);
}

TEST_F(Store, SeedsOfOnePointHoldTheirParametersOnce) {
  ResultStore store(folder(), provenance, {});
  for (const int n : {1, 2, 1})
    for (const std::uint64_t seed : {4u, 5u}) store.append(fixtures::fake_record(n, seed));
  const auto run = load_run(folder());
  ASSERT_EQ(run.cells.size(), 4u);
  EXPECT_EQ(&run.cells[0].cell.params.json(), &run.cells[1].cell.params.json());
  EXPECT_NE(&run.cells[1].cell.params.json(), &run.cells[2].cell.params.json());
  EXPECT_EQ(run.cells[2].cell.own().at("n"), 2);
}

TEST_F(Store, TheLastRecordOfAnIdCountsInItsFirstPlace) {
  make_run();
  CellRecord again = fixtures::fake_record(1);
  again.status = Status::timeout;
  ResultStore(folder(), provenance, {}).append(again);
  const auto run = load_run(folder());
  ASSERT_EQ(run.cells.size(), 2);
  EXPECT_EQ(run.cells[0].status, Status::timeout);
}

TEST_F(Store, WhatIsMeasuredAnewIsNotDisownedWithWhatWasDisturbed) {
  make_run();
  Provenance disturbed = provenance;
  disturbed.disturbed = {.why = "a compiler ran beside them"};
  fixtures::write_file(folder() / "run.json", disturbed.to_json().dump());
  const auto disowned = [&] {
    std::vector<bool> all;
    for (const CellRecord& record : load_run(folder()).cells) all.push_back(record.disowned);
    return all;
  };
  EXPECT_EQ(disowned(), (std::vector{true, true}));
  ResultStore(folder(), provenance, {}).append(fixtures::fake_record(3));
  EXPECT_EQ(disowned(), (std::vector{true, true, false}));
  ResultStore(folder(), provenance, {}).append(fixtures::fake_record(1));
  EXPECT_EQ(disowned(), (std::vector{false, true, false}));
}

TEST_F(Store, ATornLastLineIsIgnoredAndThenCutOff) {
  make_run();
  const std::string whole = fixtures::text_of(cells());
  for (const std::size_t left : {std::size_t{1}, whole.size() / 4, whole.size() / 2 - 1}) {
    fixtures::write_file(cells(), whole + whole.substr(0, left));
    EXPECT_EQ(load_run(folder()).cells.size(), 2);
    EXPECT_EQ(ResultStore(folder(), provenance, {}).existing().size(), 2);
    EXPECT_EQ(fixtures::text_of(cells()), whole);
  }
}

TEST_F(Store, ATornFirstLineLeavesNothing) {
  make_run();
  fixtures::write_file(cells(), fixtures::text_of(cells()).substr(0, 20));
  ResultStore store(folder(), provenance, {});
  EXPECT_TRUE(store.existing().empty());
  store.append(fixtures::fake_record(3));
  EXPECT_EQ(load_run(folder()).cells.size(), 1);
}

TEST_F(Store, OtherDamageIsAnErrorWithItsLine) {
  make_run();
  std::string text = fixtures::text_of(cells());
  text[text.find('\n') + 1] = '#';
  fixtures::write_file(cells(), text);
  EXPECT_THAT(fixtures::user_error_of([&] { load_run(folder()); }), HasSubstr("cells.jsonl:2"));
  EXPECT_THAT(error_of_opening(provenance), HasSubstr("cells.jsonl:2"));
}

TEST_F(Store, EmptyLinesAreNoDamage) {
  make_run();
  fixtures::write_file(cells(), "\n" + fixtures::text_of(cells()) + "\n");
  EXPECT_EQ(load_run(folder()).cells.size(), 2);
}

TEST_F(Store, ARecordIsRefusedWhereTheFileIsNoMoreTheRuns) {
  const auto aside = scratch / "aside";
  const std::function<void()> ways[] = {[&] { std::filesystem::remove(cells()); },
                                        [&] { std::filesystem::remove_all(folder()); },
                                        [&] { std::filesystem::rename(folder(), aside); },
                                        [&] {  // as an editor does
                                          std::filesystem::copy_file(cells(), folder() / "new");
                                          std::filesystem::rename(folder() / "new", cells());
                                        }};
  for (const auto& take_away : ways) {
    std::filesystem::remove_all(folder());
    std::filesystem::remove_all(aside);
    ResultStore store(folder(), provenance, {});
    store.append(fixtures::fake_record(1));
    take_away();
    const auto append = [&] { store.append(fixtures::fake_record(2)); };
    EXPECT_THROW(append(), OutputError);
    EXPECT_THROW(append(), OutputError);
  }
  EXPECT_EQ(load_run(folder()).cells.size(), 1);  // what the copy has
}

TEST_F(Store, RefusesAnotherBuildAndNamesBothAndTheWayOut) {
  make_run();
  Provenance other = provenance;
  other.build["commit"] = "fedcba9876543210";
  EXPECT_THAT(error_of_opening(other), AllOf(HasSubstr("0123456789ab"), HasSubstr("fedcba987654"), HasSubstr("--out"),
                                             HasSubstr("--rerun all")));
  other = provenance;
  other.build["dirty"] = true;
  EXPECT_THAT(error_of_opening(other), HasSubstr("local changes"));
  Provenance more_changes = other;
  other.build["diff"] = "aaaa";
  more_changes.build["diff"] = "bbbb";
  ResultStore(scratch / "dirty", other, {}).append(fixtures::fake_record());
  EXPECT_THAT(fixtures::user_error_of([&] { ResultStore(scratch / "dirty", more_changes, {}); }),
              AllOf(HasSubstr("aaaa"), HasSubstr("bbbb")));
}

TEST_F(Store, RefusesAnotherMachineAndOtherThreads) {
  make_run();
  Provenance other = provenance;
  other.machine["cpu"] = "Faster CPU";
  EXPECT_THAT(error_of_opening(other), AllOf(HasSubstr("Test CPU"), HasSubstr("Faster CPU")));
  other = provenance;
  other.plan["threads"]["toy"] = 1;
  EXPECT_THAT(error_of_opening(other), HasSubstr("another threads: 2 for plan 'toy' then, 1 now"));
  other = provenance;
  other.plan["ranks"]["toy"] = 4;
  EXPECT_THAT(error_of_opening(other), HasSubstr("another ranks: 1 for plan 'toy' then, 4 now"));
}

TEST_F(Store, WhereNoCellHasEndedWellThreadsAndRanksMayBeOthers) {
  CellRecord failed = fixtures::fake_record();
  failed.status = Status::failed;
  ResultStore(folder(), provenance, {}).append(failed);
  Provenance other = provenance;
  other.build["commit"] = "fedcba9876543210";
  EXPECT_THAT(error_of_opening(other), HasSubstr("fedcba987654"));
  other = provenance;
  other.plan["threads"]["toy"] = 1;
  other.plan["ranks"]["toy"] = 4;
  other.determinism["toy"] = "free";
  EXPECT_EQ(error_of_opening(other), "");
  const Provenance now = load_run(folder()).provenance;
  EXPECT_EQ(now.plan.at("ranks").at("toy"), 4);
  EXPECT_EQ(now.plan.at("threads").at("toy"), 1);
  EXPECT_EQ(now.determinism.at("toy"), "free");
}

TEST_F(Store, OtherKernelsOfTheSameMachineAreRefusedAlsoWithMix) {
  const auto with_kernels = [](Provenance run, const std::string& isa) {
    run.machine["backends"] = {{"cpu", {{"instruction set", isa}, {"products of bf16", "as fp32"}}}};
    return run;
  };
  const auto error_of_mixing = [&](const Provenance& now) {
    return fixtures::user_error_of([&] { ResultStore(folder(), now, {.mix = true}).append(fixtures::fake_record(7)); });
  };
  provenance = with_kernels(provenance, "avx512");
  make_run();
  EXPECT_THAT(error_of_opening(with_kernels(provenance, "avx2")),
              AllOf(HasSubstr("another instruction set of the back end cpu (FRUGAL_ISA): avx512 then, avx2 now"),
                    HasSubstr("--out"), HasSubstr("--rerun all"), ::testing::Not(HasSubstr("--mix"))));
  EXPECT_THAT(error_of_mixing(with_kernels(provenance, "avx2")), HasSubstr("avx512 then, avx2 now"));
  Provenance amx = provenance;
  amx.machine["backends"]["cpu"]["products of bf16"] = "amx";
  EXPECT_THAT(error_of_opening(amx), HasSubstr("another products of bf16 of the back end cpu"));
  Provenance elsewhere = with_kernels(provenance, "avx2");
  elsewhere.machine["cpu"] = "Older CPU";
  EXPECT_EQ(error_of_mixing(elsewhere), "") << "its records name it";
  EXPECT_THAT(error_of_mixing(with_kernels(elsewhere, "avx512")), HasSubstr("avx2 then, avx512 now"));
  Provenance untold = provenance;
  untold.machine.erase("backends");
  EXPECT_EQ(error_of_opening(untold), "") << "records of an older program";
}

TEST_F(Store, TheTablesOfAReportAreThoseOfThePlanAsItIsNow) {
  provenance.plan["tables"] = {{"toy", {"cadc"}}, {"older", {"inr"}}};
  provenance.plan["threads"] = {{"toy", 2}, {"older", 2}};
  make_run();
  provenance.plan["threads"] = {{"toy", 2}};
  provenance.plan["tables"] = {{"toy", {"dlrm"}}};
  ResultStore(folder(), provenance, {});
  EXPECT_EQ(load_run(folder()).provenance.plan.at("tables"), (Json{{"toy", {"dlrm"}}, {"older", {"inr"}}}));
  provenance.plan.erase("tables");
  ResultStore(folder(), provenance, {});
  EXPECT_EQ(load_run(folder()).provenance.plan.at("tables"), (Json{{"older", {"inr"}}}));
  for (const Json& wrong : {Json(nullptr), Json("cadc"), Json{{"toy", "cadc"}}, Json{{"toy", {1}}}}) {
    Json run = provenance.to_json();
    run["plan"]["tables"] = wrong;
    EXPECT_THAT(fixtures::user_error_of([&] { Provenance::from_json(run, {"run.json"}); }), HasSubstr("'tables'"));
  }
}

TEST_F(Store, AnyDifferenceOfTheBuildIsRefusedAndNamed) {
  provenance.build["flags"] = "-O3";
  make_run();
  Provenance other = provenance;
  other.build["flags"] = "-O3 -fsanitize=address";
  EXPECT_THAT(error_of_opening(other), HasSubstr("another build (its flags differs): \"-O3\" then, \"-O3 -fsan"));
  other = provenance;
  other.build["compiler"] = "g++ 99";
  EXPECT_THAT(error_of_opening(other), HasSubstr("compiler"));
  other = provenance;
  other.build.erase("flags");
  EXPECT_THAT(error_of_opening(other), HasSubstr("flags"));
}

TEST_F(Store, RefusesAnotherMeasureAndAnotherDeterminismOfTheSamePlan) {
  provenance.plan["measure"]["toy"] = {{"warmup", 0}, {"repeats", 1}};
  make_run();
  Provenance other = provenance;
  other.plan["measure"]["toy"]["repeats"] = 3;
  EXPECT_THAT(error_of_opening(other), AllOf(HasSubstr("another measure"), HasSubstr("\"repeats\":3")));
  other = provenance;
  other.determinism["toy"] = "free";
  EXPECT_THAT(error_of_opening(other), HasSubstr("another determinism: bitwise for plan 'toy' then, free now"));
}

TEST_F(Store, APlanThatIsNoLongerInTheFileKeepsItsConditions) {
  provenance.plan["measure"]["toy"] = {{"warmup", 0}, {"repeats", 1}};
  make_run();
  Provenance other = provenance;
  other.plan["threads"] = {{"new", 1}};
  other.plan["measure"] = {{"new", {{"warmup", 1}, {"repeats", 2}}}};
  EXPECT_EQ(error_of_opening(other), "");
  const Json plan = load_run(folder()).provenance.plan;
  EXPECT_EQ(plan.at("threads"), Json({{"new", 1}, {"toy", 2}}));
  EXPECT_EQ(plan.at("measure").at("toy"), provenance.plan["measure"]["toy"]);
  Provenance changed = provenance;
  changed.plan["threads"]["toy"] = 7;
  EXPECT_THAT(error_of_opening(changed), HasSubstr("another threads")) << "and they are still held to";
}

TEST_F(Store, StartingAnewTwiceLosesNothing) {
  make_run();
  const std::string first = fixtures::text_of(cells());
  { ResultStore(folder(), provenance, {.start_anew = true}).append(fixtures::fake_record(5)); }
  const std::string second = fixtures::text_of(cells());
  { ResultStore(folder(), provenance, {.start_anew = true}); }
  EXPECT_EQ(fixtures::text_of(folder() / "cells.jsonl.bak"), first);
  EXPECT_EQ(fixtures::text_of(folder() / "cells.jsonl.bak.1"), second);
  EXPECT_TRUE(std::filesystem::exists(folder() / "run.json.bak.1"));
}

TEST_F(Store, AChangedPlanIsFineAndIsWrittenDown) {
  make_run();
  Provenance other = provenance;
  other.plan = {{"file", "toy.yaml"}, {"text", "seeds: [1, 2]"}, {"threads", {{"toy", 2}, {"new", 1}}}};
  other.started = "2025-02-01T00:00:00Z";
  other.metrics = {{.name = "psnr", .unit = "dB", .help = ""}};
  EXPECT_EQ(error_of_opening(other), "");
  const auto run = load_run(folder());
  EXPECT_EQ(run.provenance.plan.at("text"), "seeds: [1, 2]");
  EXPECT_EQ(run.provenance.started, provenance.started);
  EXPECT_EQ(run.provenance.metrics.size(), 3) << "older records still need their descriptors";
  EXPECT_EQ(run.cells.size(), 2);
}

TEST_F(Store, ProcessorsOfOneNameAreToldApart) {
  provenance.machine = {{"cpu", "AMD EPYC"}, {"cores", 2}, {"cpu_family", "25"}, {"cpu_model", "1"}, {"kernel", "6.1"}};
  make_run();
  Provenance other = provenance;
  other.machine["cpu_model"] = "17";
  EXPECT_THAT(error_of_opening(other),
              AllOf(HasSubstr("another machine (its cpu_model differs): \"1\" then, \"17\" now"), HasSubstr("--out"),
                    HasSubstr("--mix")));
  EXPECT_EQ(load_run(folder()).provenance.machine, provenance.machine) << "what a refused run leaves";
  other = provenance;
  other.machine["backends"] = {{"cuda", {{"device", "NVIDIA H100"}, {"uuid hash", "0123"}}}};
  EXPECT_THAT(error_of_opening(other), HasSubstr("another machine (its cuda device differs)"));
  other = provenance;
  other.machine["kernel"] = "6.2";
  EXPECT_EQ(error_of_opening(other), "") << "a kernel is no other machine";
}

TEST_F(Store, AMixedRunKnowsTheMachineOfEachRecord) {
  make_run();
  Provenance other = provenance;
  other.machine["cpu"] = "Faster CPU";
  { ResultStore(folder(), other, {.mix = true}).append(fixtures::fake_record(3)); }
  { ResultStore(folder(), provenance, {}).append(fixtures::fake_record(4)); }
  EXPECT_THAT(error_of_opening(other), HasSubstr("--mix")) << "it is asked each time";
  const auto run = load_run(folder());
  ASSERT_EQ(run.cells.size(), 4);
  EXPECT_EQ(run.cells[1].machine, "");
  EXPECT_EQ(run.cells[2].machine, machine_id(other.machine));
  EXPECT_EQ(run.cells[3].machine, "");
  EXPECT_EQ(run.provenance.machine, provenance.machine);
  EXPECT_EQ(run.provenance.machines.size(), 2);
  const auto runs = by_machine(run);
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[0].cells.size(), 3);
  EXPECT_EQ(runs[0].provenance.machine, provenance.machine);
  EXPECT_EQ(runs[1].cells.size(), 1);
  EXPECT_EQ(runs[1].provenance.machine, other.machine);
}

TEST_F(Store, CellsThatTheEditedPlanHasNoMoreAreStaleAndComeBackWithIt) {
  provenance.plan["place"] = "here";
  make_run();
  const std::string first = fixtures::fake_record(1).id;
  const std::string second = fixtures::fake_record(2).id;
  {
    const ResultStore store(folder(), provenance, {.cells = std::vector{second}});
    EXPECT_THAT(store.stale(), ::testing::ElementsAre(first));
  }
  ASSERT_EQ(load_run(folder()).cells.size(), 1);
  EXPECT_EQ(load_run(folder()).cells[0].id, second);
  { EXPECT_TRUE(ResultStore(folder(), provenance, {.cells = std::vector{first, second}}).stale().empty()); }
  EXPECT_EQ(load_run(folder()).cells.size(), 2);
}

TEST_F(Store, AnotherPlanFileMayGoOnOnlyWithAllCellsOfTheRun) {
  provenance.plan["place"] = "here";
  make_run();
  const std::string first = fixtures::fake_record(1).id;
  const std::string second = fixtures::fake_record(2).id;
  Provenance other = provenance;
  other.plan["place"] = "there";
  const auto error_with = [&](std::vector<std::string> cells) {
    return fixtures::user_error_of([&] { ResultStore(folder(), other, {.cells = std::move(cells)}); });
  };
  EXPECT_THAT(error_with({first}), AllOf(HasSubstr("another plan file (toy.yaml), and 1 of its cells"),
                                         HasSubstr("--out"), HasSubstr("--rerun all")));
  EXPECT_EQ(error_with({first, second, "new"}), "");
  other.plan["text"] = "another search";
  other.plan["place"] = "elsewhere";
  EXPECT_THAT(error_of_opening(other), HasSubstr("of another text")) << "the cells of a search are not known before";
}

TEST_F(Store, AFinishedCellOfOtherDataIsRefusedAndAFailedOneIsNot) {
  CellRecord record = fixtures::fake_record(1);
  record.inputs = {{"u.data", std::string(64, 'a'), 7}};
  { ResultStore(folder(), provenance, {}).append(record); }
  const RunScope other{.inputs = {{"u.data", std::string(64, 'b'), 8}}};
  EXPECT_THAT(fixtures::user_error_of([&] { ResultStore(folder(), provenance, other); }),
              AllOf(HasSubstr("u.data is another file now: 8 bytes, sha256 bbb"), HasSubstr(record.id),
                    HasSubstr("--out"), HasSubstr("--rerun all")));
  record.status = Status::failed;
  { ResultStore(folder(), provenance, {}).append(record); }
  EXPECT_EQ(fixtures::user_error_of([&] { ResultStore(folder(), provenance, other); }), "");
}

TEST_F(Store, StartingAnewKeepsTheOldRecord) {
  make_run();
  const std::string before = fixtures::text_of(cells());
  Provenance other = provenance;
  other.build["commit"] = "fedcba9876543210";
  { EXPECT_TRUE(ResultStore(folder(), other, {.start_anew = true}).existing().empty()); }
  EXPECT_EQ(fixtures::text_of(cells()), "");
  EXPECT_EQ(fixtures::text_of(folder() / "cells.jsonl.bak"), before);
  EXPECT_THAT(fixtures::text_of(folder() / "run.json.bak"), HasSubstr("0123456789abcdef"));
}

TEST_F(Store, RecordsThatNobodyVouchesForAreRefused) {
  make_run();
  std::filesystem::remove(folder() / "run.json");
  EXPECT_THAT(error_of_opening(provenance), HasSubstr("no run.json"));
}

TEST_F(Store, ASecondWriterIsKeptOut) {
  const ResultStore first(folder(), provenance, {});
  EXPECT_THAT(error_of_opening(provenance), HasSubstr("another frugal is writing"));
}

TEST_F(Store, AnErrorTextOfAnyBytesMakesAValidLine) {
  CellRecord record = fixtures::fake_record();
  record.error = "broken \xff\xfe text\nwith two lines";
  ResultStore(folder(), provenance, {}).append(record);
  EXPECT_THAT(load_run(folder()).cells.at(0).error, HasSubstr("with two lines"));
}

TEST_F(Store, AFolderThatCannotBeMadeSaysWhyAndIsNoMistakeOfTheUser) {
  fixtures::write_file(scratch / "file", "");
  try {
    ResultStore(scratch / "file/run", provenance, {});
    FAIL() << "a folder in a file";
  } catch (const OutputError& error) {
    EXPECT_EQ(error.what(), (scratch / "file/run").string() + ": cannot make this folder: Not a directory");
  }
}

TEST_F(Store, LoadingWhatIsNoRunSaysSo) {
  EXPECT_THAT(fixtures::user_error_of([&] { load_run(scratch / "nowhere"); }), HasSubstr("no run is here"));
}

}  // namespace
}  // namespace frugal::harness
