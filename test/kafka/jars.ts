/** Jars from Maven Central, with all that they need, fetched once. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Artifact = readonly [group: string, artifact: string, version: string];

/** Puts them into the directory `target`, if that is not there yet. @returns why that can't be. */
export function fetchJars(target: string, artifacts: readonly Artifact[]): string | undefined {
  if (existsSync(target)) return undefined;
  for (const command of ['java', 'mvn']) {
    try {
      execFileSync(command, ['-version'], { stdio: 'ignore' });
    } catch {
      return `no ${command}: scripts/system-packages java installs it`;
    }
  }
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(dirname(target), 'fetch-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pom(artifacts));
    const args = `-q -B -f ${work} dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=${work}/jars`;
    execFileSync('mvn', args.split(' '), { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    renameSync(join(work, 'jars'), target);
    return undefined;
  } catch (error) {
    return `Maven could not fetch ${artifacts[0]?.join(':')}: ${String(error).slice(0, 500)}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function pom(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project><modelVersion>4.0.0</modelVersion><groupId>sluice</groupId><artifactId>jars</artifactId>
<version>1</version><packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>`;
}
