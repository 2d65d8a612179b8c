// What the program prints, to the letter; only times and bytes are masked. The ids are part of it: should they change,
// no run that anybody has could be resumed or compared.
#include <gmock/gmock.h>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

class Golden : public ProgramTest {
 protected:
  Golden() {
    write("toy.yaml", R"(schema: 1
name: toy
workload: fake
backend: cpu
dataset: toy
matrix: {params.fake.n: [1, 2]}
seeds: [1, 2]
measure: {warmup: 1, repeats: 2}
)");
  }
};

TEST_F(Golden, Plan) {
  const Said said = fake({"plan", "toy.yaml"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(said.out, R"(plan toy (workload fake)
  id            n  seed
  c1ca599763d5  1  1
  5ab88b20277d  1  2
  4dd9172d2f75  2  1
  71a810c4d542  2  2
4 cells
)");
}

TEST_F(Golden, Run) {
  const Said said = fake({"run", "toy.yaml", "--out", "run"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(masked(said.out), "cells:   4 ok\ntime:    TIME\nrecords: run\nnext:    frugal report run\n");
  EXPECT_EQ(masked(said.err), R"([1/4] fake cpu n=1 seed=1 ok TIME | score 0.0060, loss 0.9940
[2/4] fake cpu n=1 seed=2 ok TIME | score 0.0070, loss 0.9930
[3/4] fake cpu n=2 seed=1 ok TIME | score 0.0110, loss 0.9890
[4/4] fake cpu n=2 seed=2 ok TIME | score 0.0120, loss 0.9880
)");
}

TEST_F(Golden, Record) {
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "run", "--only", "params.fake.n=2,seed=1"}).code, 0);
  EXPECT_EQ(masked(read("run/cells.jsonl")),
            R"({"backend":"cpu","conditions":[TIME],"dataset":{"name":"toy"},"error":"","id":"4dd9172d2f75",)"
            R"("implementation":"fake:cpu","metrics":{"loss":0.989,"memory.peak":BYTES,"score":0.011},)"
            R"("params":{"fake":{"flag":false,"layers":[8],"mf":{"dim":4},"mode":"a","n":2,"rate":0.5}},)"
            R"("schema":1,"seed":1,"stages":[{"bytes":0.0,"flops":4.0,"name":"train","sines":0.0,"use":[TIME],)"
            R"("wall_s":[TIME]}],"status":"ok","threads":THREADS,"workload":"fake"})"
            "\n");
}

}  // namespace
}  // namespace frugal::end_to_end
