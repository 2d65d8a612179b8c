#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/report/column_names.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_cell;
using samples::sample_run;
using samples::sample_run_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TableSpec one_spec(const std::string& rows, const std::string& columns, const std::string& rest = "") {
  return parse_table_specs("schema: 1\ntitle: \"{dataset.name}\"\nworkload: cadc\nrows: " + rows +
                               "\ncolumns: " + columns + "\n" + rest,
                           "t.yaml")
      .at(0);
}

const std::string kept_rows = "[{key: params.cadc.keep_fraction, title: kept}]";
const std::string rate_column = "[{metric: \"hr@10[neg=99]\", title: HR}]";

Table table_of(const TableSpec& spec, const RunRecord& run) { return make_table(spec, {&run, 1}); }

std::vector<std::string> report_titles(const Table& table) {
  std::vector<std::string> titles;
  for (const Heading& heading : table.headings) titles.push_back(heading.title);
  return titles;
}

/// A row as printed.
std::string report_row(const Table& table, std::size_t index) {
  std::string text;
  for (const TableEntry& entry : table.rows.at(index).entries) {
    text += (text.empty() ? "" : " | ") + entry.text +
            (entry.half_width_text.empty() ? "" : "±" + entry.half_width_text) + entry.suffix;
  }
  return text;
}

std::string joined_text(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += sentence + " ";
  return text;
}

/// Threads 1 and 4: 8 s and 2.5 s.
RunRecord scaling_run() {
  RunRecord run = sample_run();
  for (const auto& [threads, seconds] : {std::pair{1, 8.0}, {4, 2.5}}) {
    CellRecord record = sample_cell(1, 1, 0.5);
    record.cell.execution = {{"limits", {{"threads", threads}}}};
    record.id = record.cell.id();
    record.threads = threads;
    record.stages = {{"train", {seconds}, 1e12, 0, 0, {StageUse{.cpu_s = 0.8 * threads * seconds, .joules = 100}}}};
    record.metrics["samples"] = 500;
    run.cells.push_back(record);
  }
  return run;
}

TEST(ReportTable, ScalingIsSpeedUpAndEfficiencyByThreads) {
  const Table table = table_of(
      one_spec("[{key: limits.threads}]",
               "[{stage: train}, {stage: train, relative_to: {limits.threads: 1}, as: speedup}, "
               "{stage: train, relative_to: {limits.threads: 1}, as: efficiency}, {stage: train, of: efficiency}, "
               "{stage: train, of: cpu_time}]",
               "needs: limits.threads"),
      scaling_run());
  EXPECT_THAT(report_titles(table), ElementsAre("threads", "train time", "train time speedup", "train time efficiency",
                                                "train processors busy", "train CPU time"));
  EXPECT_EQ(report_row(table, 0), "1 | 8.00 | ref. | ref. | 80.0 | 6.40");
  EXPECT_EQ(report_row(table, 1), "4 | 2.50 | 3.20 | 80.0 | 80.0 | 8.00");
}

TEST(ReportTable, ProcessorsAreAsBusyAsInTheMiddleRepeatAndOfSeveralRanksNotKnown) {
  RunRecord run = scaling_run();
  CellRecord& repeated = run.cells[0];  // one thread: 50, 90 and 100 %
  repeated.stages = {
      {"train", {8.0, 10.0, 1.0}, 1e12, 0, 0, {StageUse{.cpu_s = 4}, StageUse{.cpu_s = 9}, StageUse{.cpu_s = 1}}}};
  run.cells[1].ranks = 2;
  const Table table = table_of(
      one_spec("[{key: limits.threads}]", "[{stage: train, of: efficiency}, {stage: train, of: cpu_time}]"), run);
  EXPECT_EQ(report_row(table, 0), "1 | 90.0 | 4.00");
  EXPECT_EQ(report_row(table, 1), "4 | - | -");
}

TEST(ReportTable, ThePredictionForAClusterIsComputingAndThenMessagesAndBytes) {
  RunRecord run = sample_run();
  for (const auto& [ranks, use] : {std::pair{1, StageUse{.rank_cpu_s = 16, .rank_bytes = 0, .rank_messages = 0}},
                                   {4, StageUse{.rank_cpu_s = 4.4, .rank_bytes = 5e8, .rank_messages = 1e4}}}) {
    CellRecord record = sample_cell(1, 1, 0.5);
    record.cell.execution = {{"limits", {{"ranks", ranks}}}};
    record.id = record.cell.id();
    record.threads = 2;
    record.stages = {{"train", {9.0}, 1e12, 0, 0, {use}}};
    run.cells.push_back(record);
  }
  const Table table =
      table_of(one_spec("[{key: limits.ranks}]",
                        "[{stage: train, of: computing}, {stage: train, of: received}, {stage: train, of: messages}, "
                        "{stage: train, of: predicted}, "
                        "{stage: train, of: predicted, relative_to: {limits.ranks: 1}, as: efficiency}]",
                        "network: {latency_us: 50, gbit_per_s: 4}\n"),
               run);
  EXPECT_EQ(report_row(table, 0), "1 | 8.00 | 0 B | 0 | 8.00 | ref.");
  // 2.2 s, 0.5 s for messages, 1 s for bytes; 100 * 8 / 3.7 / 4.
  EXPECT_EQ(report_row(table, 1), "4 | 2.20 | 500 MB | 10000 | 3.70 | 54.1");
}

std::vector<std::string> names_of_default_tables(const RunRecord& run) {
  std::vector<std::string> names;
  for (const Table& table : default_tables({&run, 1})) names.push_back(table.name);
  return names;
}

TEST(ReportTable, ATableThatNeedsAnAxisIsLeftOutWithoutIt) {
  const RunRecord without = sample_run_of(1), with = scaling_run();
  EXPECT_THAT(names_of_default_tables(with), Contains("cadc_scaling"));
  EXPECT_THAT(names_of_default_tables(without), Not(Contains("cadc_scaling")));
}

TEST(ReportTable, DefaultTablesAreThoseThatAllPlansName) {
  RunRecord run = scaling_run();
  const auto named = [&] { return names_of_default_tables(run); };
  run.provenance.plan["threads"] = {{"a", 2}, {"b", 2}};
  run.provenance.plan["tables"] = {{"a", {"cadc_scaling"}}};
  EXPECT_THAT(named(), ElementsAre("cadc", "cadc_scaling")) << "plan b names none";
  run.provenance.plan["tables"]["b"] = {"cadc_scaling", "of_another_version"};
  EXPECT_THAT(named(), ElementsAre("cadc_scaling"));
  run.provenance.plan["tables"] = {{"a", {"cadc_scaling", "cadc"}}, {"b", {"cadc"}}};
  EXPECT_THAT(named(), ElementsAre("cadc_scaling", "cadc"));
  run.provenance.plan["tables"] = {{"a", {"inr"}}, {"b", {"inr"}}};
  EXPECT_THAT(named(), ElementsAre("cadc", "cadc_scaling")) << "these have nothing to show";
}

TEST(ReportTable, EnergyIsThatOfProcessorsAndDeviceTogether) {
  RunRecord run = scaling_run();
  run.cells[1].stages[0].use[0].device_joules = 300;
  const Table table = table_of(one_spec("[{key: limits.threads}]",
                                        "[{stage: train, of: joules}, {stage: train, of: flops_per_joule}, "
                                        "{metric: samples, per: train, of: joules, unit: examples/J}]"),
                               run);
  EXPECT_EQ(report_row(table, 0), "1 | 100 | 10.0 GFLOP/J | 5.00");
  EXPECT_EQ(report_row(table, 1), "4 | 400 | 2.50 GFLOP/J | 1.25");
}

TEST(ReportTable, AMetricDividedByAnotherIsTheMeanOfTheQuotientsOfCells) {
  RunRecord run = sample_run_of(2);
  run.cells[0].metrics["parameters"] = 500;  // keep 1: 0.701 and 0.702, over 500 and 1000
  const auto table_with = [&](const std::string& divisor) {
    return table_of(one_spec(kept_rows, "[{metric: \"hr@10[neg=99]\", divided_by: " + divisor +
                                            ", title: rate, scale: 1000}, {metric: psnr, divided_by: parameters}]"),
                    run);
  };
  const Table table = table_with("parameters");
  EXPECT_NEAR(*table.rows[0].entries[1].value, (1.402 + 0.702) / 2, 1e-9) << "not the quotient of the means";
  EXPECT_EQ(table.headings[1].name, "hr@10[neg=99]/parameters");
  EXPECT_EQ(table.headings[1].unit, "");
  EXPECT_EQ(table.headings[1].better, Better::neither);
  EXPECT_THAT(report_titles(table), ElementsAre("kept", "rate")) << "no cell has a psnr";
  run.cells[0].metrics["parameters"] = 0;
  EXPECT_THAT(report_row(table_with("parameters"), 0), HasSubstr("(n=1)"));
  EXPECT_THROW(table_with("parameter"), UserError);
}

TEST(ReportTable, WhoAsksForEnergyThatNobodyCountedLearnsWhy) {
  RunRecord run = sample_run_of(1);
  run.provenance.machine["energy"] = "not counted: no counters here";
  const std::vector<Table> tables = default_tables({&run, 1});
  try {
    require_column(tables, "--columns", "energy");
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "--columns: 'energy' was not measured in these runs: energy is not counted: no counters here");
  }
}

TEST(ReportTable, ARowMayBeTheMeanOverPicturesEachTheMeanOfItsSeeds) {
  RunRecord run = sample_run();
  const auto add = [&](const char* picture, std::uint64_t seed, double rate) {
    CellRecord record = sample_cell(1, seed, rate);
    record.cell.params["cadc"]["picture"] = picture;
    record.id = record.cell.id();
    record.inputs = {{picture, std::string(64, 'a'), 10, false, "4 x 3 RGB of 8 bits"}};
    run.cells.push_back(record);
  };
  add("a.png", 1, 0.1);
  add("a.png", 2, 0.3);
  add("b.png", 1, 0.4);
  const std::string over = "over: {key: params.cadc.picture, title: pictures}";
  const Table table = table_of(one_spec(kept_rows, "[{metric: \"hr@10[neg=99]\", title: HR}, {count: n}]", over), run);
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_NEAR(*table.rows[0].entries[1].value, 0.3, 1e-12) << "of 0.2 and 0.4: not of three cells";
  EXPECT_NEAR(*table.rows[0].entries[1].half_width, 12.706 * 0.1, 1e-3) << "two pictures: one degree of freedom";
  EXPECT_EQ(*table.rows[0].entries[2].value, 2);
  EXPECT_THAT(joined_text(table.caption),
              AllOf(HasSubstr("Mean over pictures, each the mean over its seeds"), HasSubstr("n = 2 pictures"),
                    HasSubstr("ml-1m (a.png: 4 x 3 RGB of 8 bits, sha256 aaaaaaaaaaaa; b.png: 4 x 3")));
  EXPECT_EQ(table_of(one_spec(kept_rows, rate_column), run).rows.size(), 2u) << "without it, a row a picture";
}

TEST(ReportTable, ARowMayBeTheMeanOverDataSetsWhichTheCaptionNames) {
  RunRecord run = sample_run();
  for (const char* picture : {"chelsea", "coins"}) {
    CellRecord record = sample_cell(1, 1, 0.5);
    record.cell.dataset = {{"name", picture}};
    record.id = record.cell.id();
    run.cells.push_back(record);
  }
  const Table table = table_of(one_spec(kept_rows, rate_column, "over: {key: dataset.name, title: pictures}"), run);
  EXPECT_EQ(table.rows.size(), 1u);
  EXPECT_THAT(joined_text(table.caption), AllOf(HasSubstr("n = 2 pictures"), HasSubstr("Data: chelsea, coins.")));
}

TEST(ReportTable, ATitleNamesAUsersOwnFiles) {
  RunRecord run = sample_run();
  const auto title_of = [&](const std::vector<std::string>& paths) {
    run.cells.clear();
    for (const std::string& path : paths) {
      CellRecord record = sample_cell(1, 1, 0.5);
      record.cell.dataset = {{"name", "file"}, {"path", path}};
      record.id = record.cell.id();
      run.cells.push_back(record);
    }
    return table_of(one_spec("[{key: dataset.path}]", rate_column), run).title;
  };
  EXPECT_EQ(title_of({"films/mine.csv"}), "mine.csv");
  EXPECT_EQ(title_of({"a/x.csv", "y.csv"}), "x.csv, y.csv");
  EXPECT_EQ(title_of({"a.csv", "b.csv", "c.csv", "d.csv"}), "4 files");
}

TEST(ReportTable, MeanOverSeedsWithStudentInterval) {
  RunRecord run = sample_run();
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    run.cells.push_back(sample_cell(1, seed, 0.1 * static_cast<double>(seed)));
  const Table table = table_of(one_spec(kept_rows, rate_column), run);
  ASSERT_EQ(table.rows.size(), 1u);
  const TableEntry& entry = table.rows[0].entries[1];
  EXPECT_NEAR(*entry.value, 0.3, 1e-12);
  EXPECT_NEAR(*entry.half_width, 2.7764451 * std::sqrt(0.025 / 5), 1e-7);
  EXPECT_EQ(report_row(table, 0), "1 | 0.3000±0.1963");
  EXPECT_EQ(table.title, "ml-1m");
}

TEST(ReportTable, CaptionTellsNIntervalClockMachineAndCommit) {
  const std::string caption = joined_text(table_of(one_spec(kept_rows, "[{stage: train}]"), sample_run_of(3)).caption);
  EXPECT_THAT(caption, HasSubstr("95% interval (Student t; none where all seeds agree); n = 3 seeds (1, 2, 3)."));
  EXPECT_THAT(caption, HasSubstr("Data: ml-1m. Back end: cpu. Implementation: cpu: test."));
  EXPECT_THAT(caption, HasSubstr("median of 3 runs a seed. Stage 2 is the training."));
  EXPECT_THAT(caption, HasSubstr("Run sample (2025-01-31T12:00:00Z): Test CPU, 2 cores, AVX-512, 2 threads; commit "
                                 "0123456789ab (Release, g++ 12.2.0)."));
}

TEST(ReportTable, OneSeedHasNoInterval) {
  const Table table = table_of(one_spec(kept_rows, rate_column), sample_run_of(1));
  EXPECT_EQ(report_row(table, 0), "1 | 0.7010");
  EXPECT_THAT(table.caption.at(0), HasSubstr("n = 1: one seed (1), so no interval."));
}

TEST(ReportTable, StageTimesAreMediansAndTotalAddsRepeatByRepeat) {
  const Table table = table_of(
      one_spec(kept_rows, "[{stage: train}, {stage: total}, {stage: train, of: flops}, {stage: train, of: flop_rate}]"),
      sample_run_of(1));
  EXPECT_THAT(report_titles(table), ElementsAre("kept", "train time", "total time", "train FLOPs", "train FLOP rate"));
  EXPECT_EQ(report_row(table, 0), "1 | 1.50 | 3.50 | 1.50 TFLOP | 1.00 TFLOP/s");
}

TEST(ReportTable, ShareOfBoundIsThatOfTheLimitThatBinds) {
  RunRecord run = sample_run_of(3);
  const TableSpec spec = one_spec(kept_rows, "[{stage: train, of: bound}, {metric: parameters}]");
  for (CellRecord& cell : run.cells) {
    cell.stages[1].bytes = 1e12;
    cell.stages[1].sines = 1e9;
  }
  EXPECT_THAT(report_titles(table_of(spec, run)), ElementsAre("kept", "parameters"));  // nobody asked for limits
  EXPECT_EQ(joined_text(table_of(spec, run).notes), "");

  // 1.5 TFLOP in 1.5 s; the least: .15 s of compute, .6 of memory, .1 of sines.
  for (CellRecord& cell : run.cells) cell.limits = {.flops = 1e13, .bytes = 1e12 / 0.6, .sines = 1e10};
  EXPECT_EQ(report_row(table_of(spec, run), 0), "1 | 40.0 (memory) | 1000");
  EXPECT_EQ(joined_text(table_of(spec, run).notes), "");
  run.cells[0].limits.flops = 2e12;
  EXPECT_THAT(report_row(table_of(spec, run), 0), HasSubstr("(compute/memory)"));
  for (CellRecord& cell : run.cells) cell.limits.flops = 5e11;
  EXPECT_EQ(report_row(table_of(spec, run), 0), "1 | 200 (compute) | 1000");
  EXPECT_THAT(joined_text(table_of(spec, run).notes), HasSubstr("over 100%"));
}

TEST(ReportTable, AMetricCanBePerSecond) {
  RunRecord run = sample_run_of(1);
  for (CellRecord& cell : run.cells) cell.metrics["samples"] = 3000;
  const Table table =
      table_of(one_spec(kept_rows, "[{metric: samples, per: train, unit: examples/s, format: si}]"), run);
  EXPECT_EQ(report_row(table, 0), "1 | 2.00 kexamples/s");
}

TEST(ReportTable, SeedsThatAgreeExactlyHaveNoInterval) {
  EXPECT_EQ(report_row(table_of(one_spec(kept_rows, "[{metric: parameters}]"), sample_run_of(3)), 0), "1 | 1000");
}

TEST(ReportTable, ScaleUnitAndFormatAreTheSpecs) {
  const Table table = table_of(one_spec("[{key: params.cadc.keep_fraction, scale: 100, unit: \"%\"}]",
                                        "[{stage: train, scale: 1000, unit: ms, format: \"{:.0f}\"}]"),
                               sample_run_of(1));
  EXPECT_EQ(report_row(table, 1), "10 | 1500");
  EXPECT_EQ(table.headings[0].unit, "%");
  EXPECT_EQ(table.headings[1].unit, "ms");
  EXPECT_EQ(*table.rows[1].entries[0].value, 10);
}

TEST(ReportTable, LabelsNameCombinations) {
  RunRecord run = sample_run_of(1);
  run.cells[0].cell.params["cadc"]["model"] = "popularity";
  const Table table = table_of(one_spec(R"([{title: strategy, label: [
      {when: {params.cadc.model: popularity, params.cadc.keep_fraction: 1}, text: popularity},
      {text: "{params.cadc.embedding_init}/{params.cadc.embedding_trainable}"}]}])",
                                        rate_column),
                               run);
  EXPECT_EQ(table.rows[0].entries[0].text, "popularity");
  EXPECT_EQ(table.rows[1].entries[0].text, "mf/false");
}

TEST(ReportTable, ValuesCanHaveLabels) {
  const Table table =
      table_of(one_spec("[{key: params.cadc.keep_fraction, labels: {\"1\": all, \"0.1\": tenth}}]", rate_column),
               sample_run_of(1));
  EXPECT_EQ(table.rows[0].entries[0].text, "all");
  EXPECT_EQ(table.rows[1].entries[0].text, "tenth");
}

TEST(ReportTable, CellsThatDifferAreNeverAveraged) {
  RunRecord run = sample_run_of(2);
  run.cells[1].cell.params["cadc"]["mf"]["dim"] = 16;
  const Table table = table_of(one_spec(kept_rows, rate_column), run);
  EXPECT_THAT(report_titles(table), ElementsAre("kept", "mf.dim", "HR", "n"));
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(report_row(table, 0), "1 | 64 | 0.7010 | 1");
  EXPECT_EQ(report_row(table, 1), "1 | 16 | 0.7020 | 1");
}

TEST(ReportTable, BackEndsAreToldApartEvenWhenTheRowsDiffer) {
  RunRecord run = sample_run_of(1);
  run.cells[1].cell.backend = "reference";
  EXPECT_THAT(report_titles(table_of(one_spec(kept_rows, rate_column), run)), ElementsAre("kept", "backend", "HR"));
}

TEST(ReportTable, MachinesAndCommitsAreToldApart) {
  std::vector<RunRecord> runs{sample_run_of(1), sample_run_of(1)};
  runs[1].provenance.machine["cores"] = 64;
  runs[1].provenance.build["dirty"] = true;
  const Table table = make_table(one_spec(kept_rows, rate_column), runs);
  EXPECT_THAT(report_titles(table), ElementsAre("kept", "machine", "commit", "HR"));
  EXPECT_EQ(table.rows.size(), 4u);
  EXPECT_THAT(report_row(table, 3),
              HasSubstr("64 cores, AVX-512, 2 threads | 0123456789ab with local changes (Release)"));
  EXPECT_THAT(joined_text(table.caption), HasSubstr("64 cores"));
}

TEST(ReportTable, ThreadsAndBuildTypesAreToldApart) {
  std::vector<RunRecord> runs{sample_run_of(1), sample_run_of(1), sample_run_of(1)};
  runs[1].provenance.plan["threads"]["sample"] = 1;
  runs[2].provenance.build["type"] = "Debug";
  const Table table = make_table(one_spec(kept_rows, rate_column), runs);
  EXPECT_THAT(report_titles(table), ElementsAre("kept", "machine", "commit", "HR"));
  ASSERT_EQ(table.rows.size(), 6u);
  EXPECT_THAT(report_row(table, 0), HasSubstr("AVX-512, 2 threads | 0123456789ab (Release)"));
  EXPECT_THAT(report_row(table, 2), HasSubstr("AVX-512, 1 thread | 0123456789ab (Release)"));
  EXPECT_THAT(report_row(table, 4), HasSubstr("AVX-512, 2 threads | 0123456789ab (Debug)"));
}

TEST(ReportTable, ThreadsThatDifferByPlanAreToldByPlan) {
  std::vector<RunRecord> runs{sample_run_of(1), sample_run_of(1)};
  runs[0].provenance.plan["threads"] = {{"first", 1}, {"second", 2}};
  runs[1].provenance.plan["threads"] = {{"first", 2}, {"second", 1}};
  const Table table = make_table(one_spec(kept_rows, rate_column), runs);
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_THAT(report_row(table, 0), HasSubstr("threads: first 1, second 2"));
}

TEST(ReportTable, ShardsOfOneMachineComeTogetherAndASeedCountsOnce) {
  std::vector<RunRecord> runs{sample_run_of(2), sample_run_of(3)};
  runs[1].cells[1].metrics["hr@10[neg=99]"] = 0.9;
  const Table table = make_table(one_spec(kept_rows, rate_column), runs);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].origin.n, 3);
  EXPECT_NEAR(*table.rows[0].entries[1].value, (0.701 + 0.9 + 0.703) / 3, 1e-12) << "the later record counts";
}

TEST(ReportTable, DifferencesArePairedBySeed) {
  // The seeds spread by 0.1; what each loses spreads by 0.001: t(2) 0.001 / sqrt(3) = 0.0025.
  RunRecord run = sample_run();
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const double full = 0.1 * static_cast<double>(seed);
    run.cells.push_back(sample_cell(1, seed, full));
    run.cells.push_back(sample_cell(0.1, seed, full - 0.018 - 0.001 * static_cast<double>(seed)));
  }
  const Table table =
      table_of(one_spec(kept_rows, "[{metric: \"hr@10[neg=99]\", relative_to: {params.cadc.keep_fraction: 1}}]"), run);
  EXPECT_EQ(report_row(table, 0), "1 | ref.");
  EXPECT_EQ(report_row(table, 1), "0.1 | -0.0200±0.0025");
}

TEST(ReportTable, RelationsHaveTheirDirection) {
  RunRecord run = sample_run_of(1);
  run.cells[1].stages[1].wall_s = {0.3};
  const std::string to = "relative_to: {params.cadc.keep_fraction: 1}";
  const Table table = table_of(one_spec(kept_rows, "[{stage: train, " + to + ", as: speedup}, {stage: train, " + to +
                                                       ", as: ratio}, {stage: train, " + to + ", as: percent}]"),
                               run);
  EXPECT_EQ(report_row(table, 1), "0.1 | 5.00 | 0.200 | -80.0");
}

TEST(ReportTable, ARowWithoutItsReferenceShowsADash) {
  const Table table =
      table_of(one_spec(kept_rows, "[{metric: \"hr@10[neg=99]\", relative_to: {params.cadc.keep_fraction: 0.5}}]"),
               sample_run_of(2));
  EXPECT_EQ(report_row(table, 1), "0.1 | -");
  EXPECT_THAT(
      joined_text(table.notes),
      HasSubstr("hr@10[neg=99] difference has nothing to compare with: there is no row with keep_fraction 0.5."));
}

TEST(ReportTable, FailuresAreShownCountedAndExplained) {
  RunRecord run = sample_run_of(2);
  run.cells[1].status = Status::timeout;
  run.cells[1].error = "stopped after 600 s\nstack";
  for (std::size_t i : {2u, 3u}) run.cells[i].status = Status::failed;
  const Table table = table_of(one_spec(kept_rows, rate_column), run);
  EXPECT_THAT(report_titles(table), ElementsAre("kept", "HR", "n"));
  EXPECT_EQ(report_row(table, 0), "1 | 0.7010 | 1 of 2");
  EXPECT_EQ(report_row(table, 1), "0.1 | failed | 0 of 2");
  EXPECT_THAT(table.notes, Contains("kept 1 (seed 2, " + run.cells[1].id + "): timeout: stopped after 600 s"));
  EXPECT_EQ(table.notes.size(), 3u);
}

TEST(ReportTable, AMetricThatSomeSeedsLackSaysItsOwnN) {
  RunRecord run = sample_run_of(3);
  run.cells[0].metrics.erase("hr@10[neg=99]");
  EXPECT_EQ(report_row(table_of(one_spec(kept_rows, rate_column), run), 0), "1 | 0.7025±0.0064 (n=2)");
}

TEST(ReportTable, AColumnNobodyMeasuredBecomesANote) {
  const Table table = table_of(one_spec(kept_rows, "[{metric: psnr}, {metric: \"hr@10[neg=99]\"}]"), sample_run_of(1));
  EXPECT_THAT(report_titles(table), ElementsAre("kept", "hr@10[neg=99]"));
  EXPECT_THAT(table.notes, ElementsAre("Not measured here: psnr."));
}

TEST(ReportTable, UnknownMetricsAndEmptySelectionsAreErrors) {
  const RunRecord run = sample_run_of(1);
  try {
    table_of(one_spec(kept_rows, "[{metric: prnr}]"), run);
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'psnr'"));
    EXPECT_THAT(error.what(), HasSubstr("t.yaml:5:11"));
  }
  EXPECT_THROW(table_of(one_spec(kept_rows, rate_column, "where: {params.cadc.keep_fraction: 0.3}\n"), run), UserError);
}

TEST(ReportTable, SelectsByWhereAndSorts) {
  RunRecord run = sample_run();
  for (double keep : {0.5, 0.1, 1.0, 0.2}) run.cells.push_back(sample_cell(keep, 1, 0.5));
  const Table table = table_of(one_spec(kept_rows, rate_column,
                                        "where: {params.cadc.keep_fraction: [0.1, 0.5, 1]}\n"
                                        "sort: [{key: params.cadc.keep_fraction, order: descending}]\n"),
                               run);
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].entries[0].text + table.rows[1].entries[0].text + table.rows[2].entries[0].text, "10.50.1");
}

TEST(ReportTable, DefaultTablesAreThoseOfTheWorkload) {
  const RunRecord run = sample_run_of(2);
  const std::vector<Table> tables = default_tables({&run, 1});
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].name, "cadc");
  EXPECT_THAT(report_row(tables[0], 1), AllOf(HasSubstr("10 | - | mf/frozen | "), HasSubstr(" | 0.6815")));
  const RunRecord nothing = sample_run();
  EXPECT_TRUE(default_tables({&nothing, 1}).empty());
}

TEST(Report, RowsOnOtherDataSayWhichAndAreNotHeldAgainstEachOther) {
  RunRecord run = sample_run();
  for (const auto& [users, keep] : {std::pair{6040, 1.0}, {600, 0.1}})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CellRecord cell = sample_cell(keep, seed, keep == 1 ? 0.7 : 0.5);
      cell.cell.dataset = {{"name", "synthetic-interactions"}, {"users", users}, {"items", users / 2}};
      cell.id = cell.cell.id();
      run.cells.push_back(std::move(cell));
    }
  const std::string relative =
      "[{metric: \"hr@10[neg=99]\", title: HR}, {metric: \"hr@10[neg=99]\", title: loss, as: percent, relative_to: "
      "{params.cadc.keep_fraction: 1}}]";
  const Table table = table_of(one_spec(kept_rows, relative), run);
  EXPECT_THAT(report_titles(table), ::testing::IsSupersetOf({"dataset.items", "dataset.users", "HR"}));
  for (const TableRow& row : table.rows)
    for (const TableEntry& entry : row.entries) EXPECT_FALSE(entry.best) << "the only row on its data";
  // Where a key tells the data apart, no other need be shown.
  const Table by_users = table_of(
      one_spec("[{key: dataset.users, title: users}, {key: params.cadc.keep_fraction, title: kept}]", rate_column),
      run);
  EXPECT_THAT(report_titles(by_users), Not(Contains("dataset.items")));
}

TEST(Report, WhatAnErrorHoldsForATerminalIsNotPassedOn) {
  RunRecord run = sample_run_of(1);
  run.cells[0].status = Status::failed;
  run.cells[0].error = "\x1b[2Jgone";
  EXPECT_THAT(table_of(one_spec(kept_rows, rate_column), run).notes, Contains(HasSubstr("failed:  [2Jgone")));
}

}  // namespace
}  // namespace frugal::harness
