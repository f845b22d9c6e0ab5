/* SPDX-License-Identifier: Apache-2.0 */
void plug_outer(int times);
